"""AdapterFusion (Pfeiffer et al. 2021): trained adapters combined by learnt attention."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.methods.composing import can_fuse
from adapterxlt.methods.parser import parse_method
from adapterxlt.models import tensors
from adapterxlt.models.assemble import adapter_specs, new_heads, ready_to_train, train_only
from adapterxlt.models.base import load_base
from adapterxlt.models.head_classes import AdapterModel
from adapterxlt.models.parts import (
    Built,
    add_saved,
    check_name,
    methods_of,
    read_for,
)
from adapterxlt.models.quiet import quiet
from adapterxlt.models.setup import to_block
from adapterxlt.models.speak import language_adapter, top_of
from adapterxlt.models.spec import (
    FuseSetup,
    HeadSpec,
    ModelSpec,
    Setup,
    StackSetup,
    backbone_spec,
)
from adapterxlt.models.trainable import expected_trainable


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
    language: Path | None = None,
    train_members: bool = False,
    frozen_dropout: bool = False,
) -> Built:
    """Build AdapterFusion over trained single adapters, in training mode.

    Args:
        members: artifacts of the adapters, which stand on the same weights of the backbone: the
            pretrained ones, or fine-tuned ones, which become a part of the fusion. With
            `language`, they may stand on another language adapter, which is left out.
        fusion: configuration of the fusion layers.
        name: name of what is trained, unique per content.
        head: the new head; heads of the members are never used.
        language: artifact of the language adapter below the fusion.
        train_members: whether the members are trained further.

    Raises:
        InvalidArtifactError: a member is damaged or of another backbone.
        AdapterXLTError: the members cannot be fused.
    """
    check_name(name)
    specs = _members(backbone, members, speaking=language is not None)
    methods = {top: methods_of(spec)[top] for top, spec in specs.items()}
    reason = can_fuse([parse_method(method) for method in methods.values()])
    if reason:
        raise AdapterXLTError(f"`{name}`: {reason}")
    model, full = _base(backbone, list(specs.values()), members)
    fused = FuseSetup(fuse=tuple(methods))
    setup: Setup = fused
    if language is not None:
        below, method = language_adapter(backbone, language)
        add_saved(model, read_for(backbone, language), language, below)
        setup, methods = StackSetup(stack=(below, fused)), {below: method, **methods}
    for (top, spec), folder in zip(specs.items(), members, strict=True):
        add_saved(model, spec, folder, top)
    torch.manual_seed(seed)
    model.add_adapter_fusion(list(fused.fuse), config=fusion)
    spec = ModelSpec(
        name=name,
        backbone=backbone_spec(backbone),
        full=full,
        adapters=adapter_specs(setup, name, methods),
        setup=setup,
        fusion="static" if fusion == "static" else "dynamic",
        head=head,
        other_heads=tuple(other_heads),
        method=None,
    )
    new_heads(model, spec, backbone, seed)
    trained = fused.fuse if train_members else ()
    model.train_adapter_fusion(to_block(fused))
    if trained:
        train_only(model, expected_trainable(model, spec, trained))
    return ready_to_train(model, backbone, spec, frozen_dropout, trained)


def _members(backbone: Backbone, members: Sequence[Path], speaking: bool) -> dict[str, ModelSpec]:
    """Return the members' descriptions by the names of their adapters, which must be distinct."""
    found: dict[str, ModelSpec] = {}
    for folder in members:
        spec = read_for(backbone, folder)
        if not (speaking or isinstance(spec.setup, str)):
            raise AdapterXLTError(
                f"cannot fuse `{spec.name}` (`{folder}`): it is not a single adapter",
                hint="only adapters that were trained without stack_on or fuse can be fused",
            )
        top = top_of(spec) if speaking else spec.name
        if top in found:
            raise AdapterXLTError(f"cannot fuse an adapter with itself: {top}")
        found[top] = spec
    return found


def _base(
    backbone: Backbone, specs: Sequence[ModelSpec], members: Sequence[Path]
) -> tuple[AdapterModel, bool]:
    """Return the encoder that all members stand on, and whether its weights are fine-tuned."""
    first, *others = [
        folder if spec.full else None for spec, folder in zip(specs, members, strict=True)
    ]
    model = load_base(backbone, first)
    belongs = tensors.of_backbone(backbone.architecture)
    own = tensors.select(model, belongs)
    for spec, folder in zip(specs[1:], others, strict=True):
        if first is None and folder is None:
            continue
        theirs = tensors.select(load_base(backbone, folder), belongs)
        if not all(torch.equal(tensor, theirs[name]) for name, tensor in own.items()):
            raise AdapterXLTError(
                f"cannot fuse `{specs[0].name}` and `{spec.name}`: they stand on different weights "
                "of the backbone",
                hint="train all members `after` the same full fine-tune, or none of them",
            )
    return model, first is not None
