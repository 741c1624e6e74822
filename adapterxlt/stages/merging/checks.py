"""Checks the settings of a `merge` stage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.documents.nodes import KeyPath
from adapterxlt.methods.merging import cancel_exactly
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.shape import ShapeOf
from adapterxlt.show import number_of
from adapterxlt.stages.merging.keys import MergeStage
from adapterxlt.suggest import suggest

_READ = "write a layer as a number counted from 0, and a range as two numbers: `0-3`"
# Settings that a greedy soup, which averages whole members, does not use.
_NOT_GREEDY = ("weights", "layers", "sparsify", "density", "rescale", "seed", "outliers", "head")


def check_settings(draft: Draft, name: str, stage: MergeStage) -> None:
    """Check that the settings of a stage fit together."""
    at: KeyPath = ("stages", name)
    if draft.knows(at, "merge", "how"):
        _check_weights(draft, at, stage)
        _check_layers(draft, at, stage)
        if stage.head is not None and stage.head not in stage.merge:
            draft.refuse(
                (*at, "head"),
                f"`{stage.head}` is not one of the members",
                suggest(stage.head, stage.merge),
            )
    if not draft.knows(at, "how", "sparsify", "density", "outliers"):
        return
    for key, message, hint in _unfit(stage):
        draft.refuse((*at, key), message, hint)


def check_backbone(
    draft: Draft, name: str, stage: MergeStage, shape_of: ShapeOf, backbone: Backbone
) -> None:
    """Check that the backbone has the layers, and is wide enough for the rank."""
    for text, part in stage.ranges.items():
        if part.last >= backbone.layers:
            draft.refuse(
                ("stages", name, "layers", text),
                f"`{backbone.name}` has layers 0 to {backbone.layers - 1}",
            )
    shape = shape_of(name)
    for method in shape.methods[-1:] if shape else ():
        for text in backbone.problems_of(str(method)):
            draft.refuse(
                ("stages", name, "merge"),
                f"the merge would be `{method}`: {text.splitlines()[0]}",
                f"merge fewer stages, or choose a `rank` of at most {backbone.hidden_size}",
            )


def _check_weights(draft: Draft, at: KeyPath, stage: MergeStage) -> None:
    if stage.weights is None:
        return
    if len(stage.weights) != len(stage.merge):
        draft.refuse(
            (*at, "weights"),
            _unequal(stage.weights, stage),
        )
    elif stage.how == "average" and cancel_exactly(stage.weights):
        message = "sum to zero, so they do not define an average"
        draft.refuse((*at, "weights"), message, "use `how: sum`")


def _check_layers(draft: Draft, at: KeyPath, stage: MergeStage) -> None:
    for text, weights in (stage.layers or {}).items():
        path = (*at, "layers", text)
        if text not in stage.ranges:
            draft.refuse(path, "is not a range of layers", _READ)
        elif len(weights) != len(stage.merge):
            draft.refuse(
                path,
                _unequal(weights, stage),
            )
        elif stage.how == "average" and cancel_exactly(weights):
            draft.refuse(path, "sum to zero, so they do not define an average", "use `how: sum`")
    for one, other in pairwise(sorted(stage.ranges.values(), key=lambda part: part.first)):
        if other.first <= one.last:
            draft.refuse(
                (*at, "layers"), f"layer {other.first} is both in {one.called} and {other.called}"
            )


def _unfit(stage: MergeStage) -> Iterator[tuple[str, str, str | None]]:
    """Settings that have no effect next to the others: key, message, hint."""
    if stage.how == "greedy":
        for key in _NOT_GREEDY:
            if getattr(stage, key) is not None:
                yield key, "has no effect in a greedy soup, which averages its members", None
        return
    if stage.how in ("dare", "breadcrumbs") and stage.sparsify not in (None, stage.kept):
        message = f"`how: {stage.how}` already means `sparsify: {stage.kept}`"
        yield "sparsify", message, "use `how: sum`, or leave out this key"
        return
    kept = stage.kept
    if kept == "none":
        message, hint = "has no effect with `sparsify: none`", "leave out `sparsify` or this key"
        if stage.sparsify is None:
            message, hint = "has no effect without a `density`", "give one, or leave out this key"
        for key in ("density", "rescale"):
            if getattr(stage, key) is not None:
                yield key, message, hint
    elif stage.density is None:
        key = "sparsify" if stage.sparsify else "how"
        yield (
            key,
            f"`{kept}` needs a `density`, the share of the elements that are kept",
            "for example `density: 0.2`",
        )
    if kept != "breadcrumbs" and stage.outliers is not None:
        yield "outliers", "are only cut by `breadcrumbs`", None
    elif (total := (stage.density or 0) + (stage.outliers or 0)) > 1:
        message = f"`outliers` and `density` add up to {total:g}, but may add up to at most 1"
        yield "outliers", message, None
    if kept != "random" and stage.seed is not None:
        message = "has no effect, because nothing is drawn at random"
        yield "seed", message, "use `sparsify: random`, or leave it out"


def _unequal(weights: Sequence[float], stage: MergeStage) -> str:
    members = number_of(len(stage.merge), "stage")
    return f"has {number_of(len(weights), 'weight')} for {members}"
