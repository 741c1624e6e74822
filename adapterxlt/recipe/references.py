"""Which stage names which: all must be there, be models, and not go in a circle."""

from __future__ import annotations

from collections.abc import Iterator

from adapterxlt.documents.nodes import Path
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.schema import (
    EvaluateStage,
    FuseStage,
    MergeStage,
    Recipe,
    RetrieveStage,
    Stage,
    TrainStage,
    UseStage,
)
from adapterxlt.suggest import suggest

BARE = "none"  # the bare backbone, in `retrieve`
_LISTS = ("fuse", "merge", "evaluate", "retrieve", "on", "languages", "layers", "pooling")


def references(name: str, stage: Stage) -> Iterator[tuple[Path, str]]:
    """The stages that a stage needs, each with the path of the key that names it."""
    at: Path = ("stages", name)
    if isinstance(stage, TrainStage):
        for key in ("after", "stack_on"):
            needed = getattr(stage, key)
            if needed is not None:
                yield (*at, key), needed
    for kind, key in (
        (FuseStage, "fuse"),
        (MergeStage, "merge"),
        (EvaluateStage, "evaluate"),
        (RetrieveStage, "retrieve"),
    ):
        if isinstance(stage, kind):
            for index, needed in enumerate(getattr(stage, key)):
                if needed != BARE or kind is not RetrieveStage:
                    yield (*at, key, index), needed


def is_model(stage: Stage) -> bool:
    """Whether a stage makes a model that others can name."""
    return isinstance(stage, (TrainStage, FuseStage, MergeStage, UseStage))


def check_references(draft: Draft) -> None:
    """Add what is wrong with the names that stages name."""
    stages, broken = draft.recipe.stages, draft.broken
    models = {name for name, stage in stages.items() if is_model(stage)}
    for name, stage in stages.items():
        if name == BARE:
            draft.refuse(("stages", name), f"`{BARE}` is the bare backbone, not a stage name")
        for path, needed in references(name, stage):
            if needed in models or needed in broken:
                continue
            if needed == BARE:
                message = f"`{BARE}`, the bare backbone, has no head"
                draft.refuse(path, message, "only `retrieve` takes it")
            elif needed in stages:
                draft.refuse(path, f"stage `{needed}` makes no model")
            else:
                hint = suggest(needed, models | broken)
                draft.refuse(path, f"there is no stage `{needed}`", hint)
        _check_repeats(draft, name, stage)
    for cycle in _cycles(draft.recipe):
        draft.refuse(("stages", cycle[0]), "stages need each other: " + " -> ".join(cycle))


def _check_repeats(draft: Draft, name: str, stage: Stage) -> None:
    for key in _LISTS:
        values = getattr(stage, key, None)
        if not isinstance(values, list):
            continue
        for index, value in enumerate(values):
            if value in values[:index]:
                draft.refuse(("stages", name, key, index), f"`{value}` is listed twice")


def _cycles(recipe: Recipe) -> list[list[str]]:
    """Each circle once, beginning and ending with the same stage."""
    needs = {
        name: [needed for _, needed in references(name, stage) if needed in recipe.stages]
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
