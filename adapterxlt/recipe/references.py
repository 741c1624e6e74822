"""Which stage names which: all must be there, be models, and not go in a circle."""

from __future__ import annotations

from adapterxlt.documents.nodes import KeyPath
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.fields import BARE
from adapterxlt.recipe.kinds import kind_of
from adapterxlt.recipe.schema import Recipe, Stage
from adapterxlt.suggest import suggest


def check_references(draft: Draft) -> None:
    """Report wrong references between stages."""
    stages, broken = draft.recipe.stages, draft.broken
    models = {name for name, stage in stages.items() if kind_of(stage).makes_model}
    for name, stage in stages.items():
        if name == BARE:
            draft.refuse(("stages", name), f"`{BARE}` is the bare backbone, not a stage name")
        for inside, needed in kind_of(stage).references(stage):
            path: KeyPath = ("stages", name, *inside)
            if needed in models or needed in broken:
                continue
            if needed == BARE:
                message = f"`{BARE}` is the bare backbone"
                if inside[0] in ("after", "stack_on"):
                    hint = "leave out this key to train on the bare backbone"
                else:
                    message += ", which has no head"
                    hint = "only `retrieve`, `probe` and `suggest` accept it"
                draft.refuse(path, message, hint)
            elif needed in stages:
                draft.refuse(path, f"stage `{needed}` does not make a model")
            else:
                hint = suggest(needed, models | broken)
                draft.refuse(path, f"there is no stage `{needed}`", hint)
        _check_repeats(draft, name, stage)
    for cycle in _cycles(draft.recipe):
        draft.refuse(("stages", cycle[0]), "stages depend on each other: " + " -> ".join(cycle))


def _check_repeats(draft: Draft, name: str, stage: Stage) -> None:
    for key in kind_of(stage).distinct:
        values = getattr(stage, key, None)
        if not isinstance(values, list):
            continue
        for index, value in enumerate(values):
            if value in values[:index]:
                draft.refuse(("stages", name, key, index), f"`{value}` is listed twice")


def _cycles(recipe: Recipe) -> list[list[str]]:
    """Each circle once, beginning and ending with the same stage."""
    needs = {
        name: [needed for needed in kind_of(stage).inputs(stage) if needed in recipe.stages]
        for name, stage in recipe.stages.items()
    }
    cycles: list[list[str]] = []
    finished: set[str] = set()
    for start in needs:
        pending = [(start, iter(needs[start]))] if start not in finished else []
        trail = {name: None for name, _ in pending}  # in its order
        while pending:
            name, rest = pending[-1]
            needed = next(rest, None)
            if needed is None:
                finished.add(name)
                pending.pop()
                del trail[name]
            elif needed in trail:
                names = list(trail)
                cycles.append([*names[names.index(needed) :], needed])
            elif needed not in finished:
                pending.append((needed, iter(needs[needed])))
                trail[needed] = None
    return cycles
