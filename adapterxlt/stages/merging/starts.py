"""The weights that the members of a merge started from, before any training.

TIES, DARE and breadcrumbs compare what training changed. For methods whose weights are themselves
merged, such as bottlenecks, this is the difference from the random weights that a member started
from. So these must be the same for all members.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapterxlt.methods.merging import drawn, merges_weights
from adapterxlt.methods.parser import ParsedMethod
from adapterxlt.recipe.schema import Recipe, TrainingBlock
from adapterxlt.recipe.used import Used


def start_of(recipe: Recipe, used: Mapping[str, Used], name: str) -> int | None:
    """Return the seed that drew the first weights of an adapter; None if it cannot be told.

    An adapter that continues from another one started where that one did.
    """
    if name in used:
        for step in reversed(used[name].lineage):
            if step["params"].get("relation") != "after":
                fresh = step["params"].get("relation") in ("none", "stack_on")
                seed = step["params"].get("seed")
                return seed if fresh and isinstance(seed, int) else None
        return None
    stage: object = recipe.stages[name]
    if not isinstance(stage, TrainingBlock):
        return None
    after = getattr(stage, "after", None)
    return start_of(recipe, used, after) if after else recipe.training_of(name).seed


def common_start(
    recipe: Recipe, used: Mapping[str, Used], members: Sequence[str], method: ParsedMethod
) -> int | None:
    """Return the seed of the weights that all members started from; None if none is needed."""
    if not merges_weights(method):
        return None
    seed = start_of(recipe, used, members[0]) if drawn(method) else None
    return 0 if seed is None else seed  # any will do if the method fixes the first weights


def other_starts(
    recipe: Recipe, used: Mapping[str, Used], members: Sequence[str], method: ParsedMethod
) -> tuple[str, str] | None:
    """Say why the members have no common start, and what to do; None if they have one."""
    if not drawn(method):
        return None
    starts = {name: start_of(recipe, used, name) for name in members}
    first, *rest = members
    for name, start in starts.items():
        if start is None:
            return (
                f"compares what training changed, but the weights that `{name}` started from are "
                "not known",
                "use `how: sum` without `density`, which merges the weights as they are",
            )
    for name in rest:
        if starts[name] != starts[first]:
            return (
                "compares what training changed, but the adapters started from different random "
                f"weights (`{first}` from seed {starts[first]}, `{name}` from seed "
                f"{starts[name]})",
                f'train them with `method: "{_with_start(method)}"`, or with the same `seed`',
            )
    return None


def _with_start(method: ParsedMethod) -> str:
    """Return the method, with the first weights given."""
    name, _, params = str(method).partition("[")
    return f"{name}[{params.removesuffix(']') + ',' if params else ''}init_weights_seed=1]"
