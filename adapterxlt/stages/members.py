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


def apart(shapes: Mapping[str, Shape], of: str, done: str) -> Unfit:
    """What keeps an adapter, or a stack, from being combined with the others.

    Only the topmost adapters are combined, so all that is below must be the same: the weights, and
    the adapters, apart from a language adapter, which is swapped.

    Args:
        shapes: of all members that are known, in order.
        of: what they would become: `fusion`.
        done: what is done with them: `fused`.
    """
    fit = (name for name, one in shapes.items() if one.kind in ("adapter", "stack"))
    first = next((name for name in fit if not shapes[name].fused), "")
    weights = {shape.weights for shape in shapes.values()}
    together = len(weights) == 1 and "" not in weights

    def unfit(member: str, shape: Shape) -> tuple[str, str | None] | None:
        if shape.fused:
            return f"stands on a fusion, and adapters on top of one cannot be {done}", None
        if shape.on_full and not together:
            return (
                f"belongs to a fine-tuned backbone, so it cannot be {done} with others",
                "train all members `after` the same full fine-tune",
            )
        if shape.below != shapes[first].below:
            return (
                f"does not stand on the same adapters as `{first}`; a {of} combines only the "
                "topmost adapters, so those below must be the same",
                "stack all members on the same stage, or use single adapters",
            )
        return None

    return unfit
