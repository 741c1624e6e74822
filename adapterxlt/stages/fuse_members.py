"""Says which models can be the members of a fusion."""

from __future__ import annotations

from collections.abc import Mapping

from adapterxlt.recipe.shape import Shape
from adapterxlt.stages.members import Unfit, apart


def unfit_to_fuse(shapes: Mapping[str, Shape], speaking: bool) -> Unfit:
    """What keeps a model out of a fusion, whose members are adapters, or stacks on the same.

    Args:
        shapes: of all members that are known, in order.
        speaking: whether the fusion stands on language adapters.
    """
    other = apart(shapes, "fusion", "fused")
    earlier: dict[str, str] = {}  # by what the topmost adapter is known by

    def unfit(member: str, shape: Shape) -> tuple[str, str | None] | None:
        if shape.kind == "ensemble":
            return "is an ensemble of several models; only single models can be fused", None
        if shape.kind == "full":
            return "is a full fine-tune; only adapters can be fused", None
        if shape.kind == "fusion":
            return "is a fusion itself", "fuse its members and yours in one stage"
        if problem := other(member, shape):
            return problem
        if shape.below and speaking and shape.speaks is None:
            return (
                "is a stack that was not trained on language adapters",
                "give the lowest of its stages these language adapters",
            )
        same = earlier.setdefault(shape.top, member)
        if same != member:
            return f"has the same adapter as `{same}`, which cannot be fused with itself", None
        return None

    return unfit
