"""AdapterFusion (Pfeiffer et al. 2021): trained adapters combined by learnt attention.

Of a stack, it mixes the output of the topmost adapter only: in `adapters`, `Fuse(Stack(a, b), ...)`
drops what `a` adds to the hidden states. So what is below must be the same, and comes below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.methods.composing import can_fuse
from adapterxlt.methods.parser import parse_method
from adapterxlt.models.assemble import adapter_specs, new_heads, ready_to_train, train_only
from adapterxlt.models.below import load_common, split
from adapterxlt.models.parts import (
    Built,
    add_saved,
    check_name,
    methods_of,
    read_for,
)
from adapterxlt.models.quiet import quiet
from adapterxlt.models.setup import to_block
from adapterxlt.models.speak import language_adapter
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
        members: artifacts of single adapters, or of stacks with the same adapters below the
            topmost one, which come below the fusion. All stand on the same weights of the
            backbone: the pretrained ones, or fine-tuned ones, which become a part of the fusion.
            With `language`, the lowest adapter of stacks is another language's, and is left out.
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
    specs = [read_for(backbone, folder) for folder in members]
    tops, lower = split(specs, members, "fuse", swapped=language is not None)
    if len(set(tops)) < len(tops):
        raise AdapterXLTError(f"cannot fuse an adapter with itself: {', '.join(tops)}")
    methods = {top: methods_of(spec)[top] for top, spec in zip(tops, specs, strict=True)}
    reason = can_fuse([parse_method(method) for method in methods.values()])
    if reason:
        raise AdapterXLTError(f"`{name}`: {reason}")
    model = load_common(backbone, specs, members, "fuse")
    fused = FuseSetup(fuse=tops)
    methods = {part: methods_of(specs[0])[part] for part in lower} | methods
    below = list(lower)
    if language is not None:
        spoken, method = language_adapter(backbone, language)
        add_saved(model, read_for(backbone, language), language, spoken)
        below, methods = [spoken, *below], {spoken: method, **methods}
    for part in lower:
        add_saved(model, specs[0], members[0], part)
    for top, spec, folder in zip(tops, specs, members, strict=True):
        add_saved(model, spec, folder, top)
    setup: Setup = StackSetup(stack=(*below, fused)) if below else fused
    torch.manual_seed(seed)
    model.add_adapter_fusion(list(fused.fuse), config=fusion)
    spec = ModelSpec(
        name=name,
        backbone=backbone_spec(backbone),
        full=specs[0].full,
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
