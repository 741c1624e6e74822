"""AdapterFusion (Pfeiffer et al. 2021): trained adapters side by side, mixed by what is learnt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.methods.composing import can_fuse
from adapterxlt.methods.parser import parse_method
from adapterxlt.models.assemble import adapter_specs, new_heads, ready_to_train
from adapterxlt.models.base import load_base
from adapterxlt.models.parts import Built, add_saved, check_name, single_members
from adapterxlt.models.quiet import quiet
from adapterxlt.models.setup import to_block
from adapterxlt.models.spec import FuseSetup, HeadSpec, ModelSpec, backbone_spec


@quiet()
def build_fusion(
    backbone: Backbone,
    *,
    members: Sequence[Path],
    fusion: str,
    name: str,
    head: HeadSpec,
    seed: int,
    other_heads: Sequence[HeadSpec] = (),
    frozen_dropout: bool = False,
) -> Built:
    """Build AdapterFusion over trained single adapters, in training mode.

    Raises:
        InvalidArtifactError: a member is damaged or of another backbone.
        AdapterXLTError: the members cannot be fused.
    """
    check_name(name)
    specs = single_members(backbone, members, "fuse")
    methods = {spec.name: spec.adapters[0].method for spec in specs}
    reason = can_fuse([parse_method(method) for method in methods.values()])
    if reason:
        raise AdapterXLTError(f"`{name}`: {reason}")
    model = load_base(backbone)
    setup = FuseSetup(fuse=tuple(methods))
    for spec, folder in zip(specs, members, strict=True):
        add_saved(model, spec, folder, spec.name)
    torch.manual_seed(seed)
    model.add_adapter_fusion(list(setup.fuse), config=fusion)
    spec = ModelSpec(
        name=name,
        backbone=backbone_spec(backbone),
        full=False,
        adapters=adapter_specs(setup, name, methods),
        setup=setup,
        fusion="static" if fusion == "static" else "dynamic",
        head=head,
        other_heads=tuple(other_heads),
        method=None,
    )
    new_heads(model, spec, backbone, seed)
    model.train_adapter_fusion(to_block(setup))
    return ready_to_train(model, backbone, spec, frozen_dropout)
