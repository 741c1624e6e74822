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
from adapterxlt.models import tensors
from adapterxlt.models.assemble import adapter_specs, new_heads, ready_to_train, train_only
from adapterxlt.models.base import load_base
from adapterxlt.models.head_classes import AdapterModel
from adapterxlt.models.parts import (
    Built,
    adapter_file,
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
    tower,
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
    specs, lower = _members(backbone, members, speaking=language is not None)
    methods = {top: methods_of(spec)[top] for top, spec in specs.items()}
    reason = can_fuse([parse_method(method) for method in methods.values()])
    if reason:
        raise AdapterXLTError(f"`{name}`: {reason}")
    model, full = _base(backbone, list(specs.values()), members)
    fused = FuseSetup(fuse=tuple(methods))
    first = next(iter(specs.values()))
    methods = {part: methods_of(first)[part] for part in lower} | methods
    below = list(lower)
    if language is not None:
        spoken, method = language_adapter(backbone, language)
        add_saved(model, read_for(backbone, language), language, spoken)
        below, methods = [spoken, *below], {spoken: method, **methods}
    for part in lower:
        add_saved(model, first, members[0], part)
    for (top, spec), folder in zip(specs.items(), members, strict=True):
        add_saved(model, spec, folder, top)
    setup: Setup = StackSetup(stack=(*below, fused)) if below else fused
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


def _members(
    backbone: Backbone, members: Sequence[Path], speaking: bool
) -> tuple[dict[str, ModelSpec], tuple[str, ...]]:
    """Return the members' descriptions by the names of their topmost adapters, and those below."""
    found: dict[str, ModelSpec] = {}
    lower: list[tuple[str, ...]] = []
    for folder in members:
        spec = read_for(backbone, folder)
        parts = tower(spec.setup) if spec.setup is not None else ()
        names = tuple(part for part in parts if isinstance(part, str))
        if not names or len(names) < len(parts):
            raise AdapterXLTError(
                f"cannot fuse `{spec.name}` (`{folder}`): it "
                + ("has a fusion" if parts else "has no adapter")
            )
        *below, top = names
        if top in found:
            raise AdapterXLTError(f"cannot fuse an adapter with itself: {top}")
        found[top] = spec
        lower.append(tuple(below[1:] if speaking else below))
        if lower[-1] != lower[0] or not all(
            _same_adapter(name, (members[0], folder), (next(iter(found.values())), spec))
            for name in lower[0]
        ):
            raise AdapterXLTError(
                f"cannot fuse `{spec.name}` (`{folder}`): the adapters below its topmost one are "
                "not those of the other members",
                hint="stack all members on the same stage, or fuse single adapters",
            )
    return found, lower[0]


def _same_adapter(
    name: str, folders: tuple[Path, Path], specs: tuple[ModelSpec, ModelSpec]
) -> bool:
    one, other = (
        tensors.read(adapter_file(spec, folder, name))
        for spec, folder in zip(specs, folders, strict=True)
    )
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


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
