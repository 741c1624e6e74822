"""The adapters, or full fine-tunes, that a fusion or a merge is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.shape import Shape, ShapeOf

# What keeps a model from being a member, and a hint; None if nothing does.
Unfit = Callable[[str, Shape], tuple[str, str | None] | None]


def members_of(
    draft: Draft, name: str, key: str, listed: Sequence[str], shape_of: ShapeOf, unfit: Unfit
) -> Mapping[str, Shape] | None:
    """Shapes of the members; None, and problems, if some cannot be.

    Args:
        key: of the stage, which lists them.
        unfit: is asked of each member's name and shape, in order.
    """
    members: dict[str, Shape] = {}
    sound = True
    for index, member in enumerate(listed):
        shape = shape_of(member)
        if shape is None:
            sound = False
        elif problem := unfit(member, shape):
            reason, hint = problem
            draft.refuse(("stages", name, key, index), f"`{member}` {reason}", hint)
            sound = False
        else:
            members[member] = shape
    return members if sound else None
