"""Says which models can be the members of a merge."""

from __future__ import annotations

from adapterxlt.recipe.shape import Shape
from adapterxlt.stages.members import Unfit


def unfit_to_merge(full: bool) -> Unfit:
    """What keeps a model out of a merge.

    The members are single adapters on the pretrained backbone, or all of them full fine-tunes.

    Args:
        full: whether all of them are full fine-tunes.
    """

    def unfit(member: str, shape: Shape) -> tuple[str, str | None] | None:
        if shape.kind == "ensemble":
            return "is an ensemble of several models; only single models can be merged", None
        if shape.kind == "full" and not full:
            return "is a full fine-tune; only adapters can be merged with adapters", None
        if shape.speaks is not None:
            return "stands on language adapters; only single adapters can be merged", None
        if shape.kind not in ("adapter", "full"):
            reason = f"is a {shape.kind} of several adapters; only single adapters can be merged"
            return reason, None
        if shape.on_full and not full:
            return "belongs to a fine-tuned backbone, so it cannot be merged with others", None
        return None

    return unfit
