"""Says which models can be the members of a merge."""

from __future__ import annotations

from collections.abc import Mapping

from adapterxlt.recipe.shape import Shape
from adapterxlt.stages.members import Unfit, apart


def unfit_to_merge(shapes: Mapping[str, Shape]) -> Unfit:
    """What keeps a model out of a merge.

    The members are adapters, or stacks on the same, or all of them full fine-tunes.

    Args:
        shapes: of all members that are known, in order.
    """
    full = all(shape.kind == "full" for shape in shapes.values())
    other = apart(shapes, "merge", "merged")
    first = next(iter(shapes), "")

    def unfit(member: str, shape: Shape) -> tuple[str, str | None] | None:
        if shape.kind == "ensemble":
            return "is an ensemble of several models; only single models can be merged", None
        if shape.kind == "full" and not full:
            return "is a full fine-tune; only adapters can be merged with adapters", None
        if shape.kind == "full":
            if shape.speaks is not None:
                return "contains a language's weights, which a merge would add several times", None
            return None
        if shape.kind == "fusion":
            return "is a fusion of several adapters, whose attention cannot be merged", None
        if problem := other(member, shape):
            return problem
        ours, theirs = shapes[first].speaks, shape.speaks
        if (ours is None) != (theirs is None):
            with_, without = (member, first) if ours is None else (first, member)
            return (
                f"cannot be merged with `{first}`: `{with_}` stands on language adapters, but "
                f"`{without}` does not",
                None,
            )
        if ours is not None and theirs is not None:
            if dict(ours.stages) != dict(theirs.stages):
                return f"stands on other language adapters than `{first}`", None
            if ours.source != theirs.source:
                return (
                    f"was trained on `{theirs.source}`, but `{first}` on `{ours.source}`",
                    "train all members in the same language",
                )
        return None

    return unfit
