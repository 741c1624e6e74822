"""Says which models can be the members of a fusion."""

from __future__ import annotations

from collections.abc import Mapping

from adapterxlt.recipe.shape import Shape
from adapterxlt.stages.members import Unfit


def unfit_to_fuse(shapes: Mapping[str, Shape], speaking: bool) -> Unfit:
    """What keeps a model out of a fusion.

    Its topmost adapter is mixed with those of the others, so all that is below must be the same:
    the weights, and the adapters, apart from a language adapter, which is swapped.

    Args:
        shapes: of all members that are known, in order.
        speaking: whether the fusion stands on language adapters.
    """
    fit = (name for name, one in shapes.items() if one.kind in ("adapter", "stack"))
    first = next((name for name in fit if not shapes[name].fused), "")
    weights = {shape.weights for shape in shapes.values()}
    together = len(weights) == 1 and "" not in weights
    earlier: dict[str, str] = {}  # by what the topmost adapter is known by

    def unfit(member: str, shape: Shape) -> tuple[str, str | None] | None:
        if shape.kind == "ensemble":
            return "is an ensemble of several models; only single models can be fused", None
        if shape.kind == "full":
            return "is a full fine-tune; only adapters can be fused", None
        if shape.kind == "fusion":
            return "is a fusion itself", "fuse its members and yours in one stage"
        if shape.fused:
            return "stands on a fusion, and a model can have only one", None
        if shape.on_full and not together:
            return (
                "belongs to a fine-tuned backbone, so it cannot be fused with others",
                "train all members `after` the same full fine-tune",
            )
        if shape.below != shapes[first].below:
            return (
                f"does not stand on the same adapters as `{first}`; a fusion mixes only the "
                "topmost adapters, so those below must be the same",
                "stack all members on the same stage, or fuse single adapters",
            )
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
