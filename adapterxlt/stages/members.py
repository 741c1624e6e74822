"""The adapters, or full fine-tunes, that a fusion or a merge is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.shape import Shape, ShapeOf


def members_of(
    draft: Draft, name: str, key: str, listed: Sequence[str], shape_of: ShapeOf, *, done: str
) -> Mapping[str, Shape] | None:
    """Shapes of the members: single adapters on the pretrained backbone.

    Of a fusion, they may also all be on the fine-tuned weights of one stage; of a merge, all of
    them may be full fine-tunes. None, and problems, if some cannot be.

    Args:
        key: of the stage, which lists them.
        done: what is done with them: `fused`.
    """
    shapes = {member: shape_of(member) for member in listed}
    known = [shape for shape in shapes.values() if shape is not None]
    full = key == "merge" and all(shape.kind == "full" for shape in known)
    below = {shape.weights for shape in known}
    together = key == "fuse" and len(below) == 1 and "" not in below
    members: dict[str, Shape] = {}
    sound = True
    for index, (member, shape) in enumerate(shapes.items()):
        reason, hint = "", None
        if shape is None:
            sound = False
        elif shape.kind == "ensemble":
            reason = f"is an ensemble of several models; only single models can be {done}"
        elif shape.kind == "full" and not full:
            reason = f"is a full fine-tune; only adapters can be {done}"
            reason += " with adapters" if key == "merge" else ""
        elif shape.speaks is not None and (
            key == "merge" or shape.kind != "stack" or shape.depth != 2
        ):
            reason = f"stands on language adapters; only single adapters can be {done}"
        elif shape.kind not in ("adapter", "full") and shape.speaks is None:
            reason = f"is a {shape.kind} of several adapters; only single adapters can be {done}"
        elif shape.on_full and not (full or together):
            reason = f"belongs to a fine-tuned backbone, so it cannot be {done} with others"
            if key == "fuse":
                hint = "train all members `after` the same full fine-tune, in this recipe"
        else:
            members[member] = shape
        if reason:
            draft.refuse(("stages", name, key, index), f"`{member}` {reason}", hint)
            sound = False
    return members if sound else None
