"""Provides models as stages need them: new, continued, stacked, fused, merged or loaded.

Whatever is new (adapter, fusion, head) is initialised from the stage's seed alone. So it does not
depend on what was built before in the same process.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.methods.composing import can_stack
from adapterxlt.methods.parser import parse_method
from adapterxlt.models import tensors
from adapterxlt.models.assemble import adapter_specs, new_heads, ready_to_train, train_only
from adapterxlt.models.base import load_base, load_tokenizer
from adapterxlt.models.dropout import quicken_dropout
from adapterxlt.models.fusion import build_fusion
from adapterxlt.models.head_classes import AdapterModel
from adapterxlt.models.load import load
from adapterxlt.models.merge import merge
from adapterxlt.models.parts import (
    Built,
    adapter_file,
    check_name,
    methods_of,
    new_adapter,
    read_for,
)
from adapterxlt.models.quiet import quiet
from adapterxlt.models.save import save
from adapterxlt.models.setup import on_top, split_top
from adapterxlt.models.sparse import most_changed
from adapterxlt.models.speak import add_speaking, exchange_weights, with_language
from adapterxlt.models.spec import (
    HeadSpec,
    ModelSpec,
    Setup,
    backbone_spec,
    setup_fusions,
    setup_names,
)
from adapterxlt.models.trainable import (
    assert_trainable,
    expected_trainable,
    silence_frozen_dropout,
)

__all__ = ["Built", "HeadSpec", "build_fusion", "build_train", "load", "merge", "save"]

# Artifacts of two languages' weights: (those to put in, those to take out).
_Taken = tuple[Path, Path] | None


@quiet()
def build_train(
    backbone: Backbone,
    *,
    method: str,
    name: str,
    head: HeadSpec | None,
    seed: int,
    other_heads: Sequence[HeadSpec] = (),
    after: Path | None = None,
    stack_on: Path | None = None,
    dense: Path | None = None,
    language: Path | None = None,
    before: Path | None = None,
    frozen_dropout: bool = False,
) -> Built:
    """Build the model of a train stage, in training mode.

    Args:
        method: an adapter method as in recipes, or a method such as `full` that trains the
            backbone.
        name: name of what is trained, unique per content.
        head: the new head, if any; heads of earlier stages are never used.
        other_heads: further new heads, for a mixture of tasks.
        after: artifact to continue from. Of a single adapter or a stack, the top adapter is trained
            further under the new name, and the rest stays frozen. Of a full fine-tune, the
            weights are trained further.
        stack_on: artifact that stays frozen below the new adapter.
        dense: for a sparse fine-tune, the artifact of the full fine-tune that tells which weights
            to train.
        language: artifact of the language adapter for this training. It takes the place of the
            one that `after` or `stack_on` was trained on.
        before: artifact of the replaced language adapter, if that is weights of the backbone.
        frozen_dropout: keep dropout inside the frozen backbone.

    Raises:
        InvalidArtifactError: an artifact is damaged or of another backbone.
        AdapterXLTError: the combination cannot be built.
    """
    check_name(name)
    if after is not None and stack_on is not None:
        raise AdapterXLTError(f"`{name}` cannot have both `after` and `stack_on`")
    base = after or stack_on
    earlier = read_for(backbone, base) if base else None
    weights = base if earlier is not None and earlier.full else None
    put = language if before is None else None
    if put is not None and earlier is not None:
        earlier = with_language(earlier, backbone, put)
    taken = (language, before) if language is not None and before is not None else None
    heads = () if head is None else (head, *other_heads)
    if parse_method(method).is_head and base is not None and earlier and earlier.setup is not None:
        return _build_head(backbone, name, heads, seed, earlier, base, frozen_dropout, put, taken)
    if parse_method(method).is_full:
        built = _build_full(
            backbone, name, heads, seed, earlier, weights, method, frozen_dropout, taken
        )
        if dense is not None:
            built.masks = most_changed(built, dense, parse_method(method))
        return built

    below = earlier.setup if earlier else None
    continued = None
    if after is not None and earlier is not None and earlier.setup is not None:
        below, continued = split_top(earlier, name)
        _same_method(method, earlier, continued, name)
    if earlier is not None and below is not None:
        _check_upper(earlier, below, method, name)
    if name in (list(setup_names(earlier.setup)) if earlier and earlier.setup else []):
        raise AdapterXLTError(f"`{name}` is already the name of an adapter below it")

    model = _load_base(backbone, weights, taken)
    if earlier is not None and base is not None and below is not None:
        add_speaking(model, earlier, base, below, backbone, put)
    _add_adapter(model, name, method, seed)
    if continued is not None and earlier is not None and base is not None:
        source = adapter_file(earlier, base, continued)
        copied = tensors.renamed(tensors.read(source), continued, name)
        tensors.assign(tensors.select(model, tensors.of_adapter(name)), copied, str(source))
    setup = on_top(below, name)
    spec = ModelSpec(
        name=name,
        backbone=backbone_spec(backbone),
        full=weights is not None,
        adapters=adapter_specs(setup, name, {name: method, **methods_of(earlier)}),
        setup=setup,
        fusion=earlier.fusion if earlier and below and any(setup_fusions(below)) else None,
        head=head,
        other_heads=tuple(other_heads),
        method=method,
    )
    new_heads(model, spec, backbone, seed)
    # At first only the new adapter, as `train_adapter` cannot take a fusion inside a stack.
    model.train_adapter(name)
    return ready_to_train(model, backbone, spec, frozen_dropout)


def _build_full(
    backbone: Backbone,
    name: str,
    heads: Sequence[HeadSpec],
    seed: int,
    earlier: ModelSpec | None,
    weights: Path | None,
    method: str,
    frozen_dropout: bool,
    taken: _Taken,
) -> Built:
    if earlier is not None and earlier.setup is not None:
        raise AdapterXLTError(
            f"`{name}`: a full fine-tune cannot continue from adapters (`{earlier.name}`)"
        )
    model = _load_base(backbone, weights, taken)
    spec = ModelSpec(
        name=name,
        backbone=backbone_spec(backbone),
        full=True,
        adapters=(),
        setup=None,
        head=heads[0],
        other_heads=tuple(heads[1:]),
        method=method,
    )
    new_heads(model, spec, backbone, seed)
    model.freeze_model(False)
    if parse_method(method) != parse_method("full"):
        train_only(model, expected_trainable(model, spec))
    if parse_method(method).is_head and not frozen_dropout:
        silence_frozen_dropout(model)
    # The library's own modules in an encoder without adapters hold no weights of their own,
    # and the embeddings that prompt tuning refers to are the backbone's.
    quicken_dropout(model)
    model.train()
    assert_trainable(model, spec)
    return Built(model, load_tokenizer(backbone), backbone, spec)


def _build_head(
    backbone: Backbone,
    name: str,
    heads: Sequence[HeadSpec],
    seed: int,
    earlier: ModelSpec,
    base: Path,
    frozen_dropout: bool,
    put: Path | None,
    taken: _Taken,
) -> Built:
    """Build new heads on the adapters of an earlier stage, which stay frozen."""
    assert earlier.setup is not None
    model = _load_base(backbone, base if earlier.full else None, taken)
    add_speaking(model, earlier, base, earlier.setup, backbone, put)
    spec = ModelSpec(
        name=name,
        backbone=backbone_spec(backbone),
        full=earlier.full,
        adapters=adapter_specs(earlier.setup, name, methods_of(earlier)),
        setup=earlier.setup,
        fusion=earlier.fusion,
        head=heads[0],
        other_heads=tuple(heads[1:]),
        method="head",
    )
    new_heads(model, spec, backbone, seed)
    train_only(model, expected_trainable(model, spec))
    return ready_to_train(model, backbone, spec, frozen_dropout)


def _load_base(backbone: Backbone, weights: Path | None, taken: _Taken) -> AdapterModel:
    model = load_base(backbone, weights)
    if taken is not None:
        exchange_weights(model, backbone, *taken)
    return model


def _add_adapter(model: AdapterModel, name: str, method: str, seed: int) -> None:
    torch.manual_seed(seed)
    new_adapter(model, name, method, f"`{name}`")


def _same_method(method: str, earlier: ModelSpec, continued: str, name: str) -> None:
    theirs = methods_of(earlier)[continued]
    if not parse_method(method).same_config(parse_method(theirs)):
        raise AdapterXLTError(
            f"`{name}` cannot continue from `{earlier.name}` as `{method}`, because "
            f"`{earlier.name}` is `{theirs}`",
            hint=f"use `method: {theirs}`, or use `stack_on` for a new adapter on top",
        )


def _check_upper(earlier: ModelSpec, below: Setup, method: str, name: str) -> None:
    """Refuse a method that `adapters` would silently leave unused above other adapters."""
    methods = methods_of(earlier)
    reason = can_stack(
        [parse_method(methods[lower]) for lower in setup_names(below)], parse_method(method)
    )
    if reason:
        raise AdapterXLTError(
            f"`{name}`: {reason}", hint="use it as the lowest adapter, or use another method here"
        )
