"""Makes the rows of `results.json` from the measures in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from adapterxlt.languages import same_language
from adapterxlt.plan.lineage import describe, lineage_of
from adapterxlt.plan.plan import data_label
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.recipe.fields import BARE
from adapterxlt.recipe.kind import Trained
from adapterxlt.recipe.kinds import KINDS, baseline_of, kind_of, stage_behind
from adapterxlt.results.measures import Measure, read_measures
from adapterxlt.results.protocols import protocol_in
from adapterxlt.results.rows import Row
from adapterxlt.results.setup import setup_of
from adapterxlt.stages.running.context import Context
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.origin import origin_name


def collect_rows(context: Context) -> list[Row]:
    """Return the rows of every evaluate and retrieve cell that the store has, in plan order."""
    return [
        row
        for planned in _cells(context)
        if context.store.get(planned.fingerprint)
        for row in rows_of(
            names_of(planned, context), read_measures(context.store.path(planned.fingerprint))
        )
    ]


def all_names(context: Context) -> list[dict[str, Any]]:
    """Return what rows hold besides values, for each evaluate and retrieve cell in plan order."""
    return [names_of(planned, context) for planned in _cells(context)]


def rows_of(names: dict[str, Any], measures: list[Measure]) -> list[Row]:
    """Return the rows of a cell."""
    return [Row(**names | _by_language(names, one), **asdict(one)) for one in measures]


def _by_language(names: Mapping[str, Any], measure: Measure) -> dict[str, str]:
    """Return the names that depend on the language of a measure."""
    known = (names[key] for key in ("protocol", "trained_in", "lineage"))
    return {"protocol": protocol_in(measure.language, *known)}


def _cells(context: Context) -> list[PlannedStep]:
    return [planned for planned in context.plan.steps if KINDS[planned.step.kind].measures]


def names_of(planned: PlannedStep, context: Context) -> dict[str, Any]:
    """Return what the rows of a cell hold besides their values."""
    step = planned.step
    stage = context.recipe.stages[step.stage]
    kind, compare = kind_of(stage), context.recipe.compare
    model = step.model or BARE
    trained = _trained(context, model)
    baseline = baseline_of(context.recipe, stage)
    backbone = context.sources.backbone
    lineage = lineage_of(context.plan, step.model, backbone)
    asked_for = {
        "equivalence": compare.equivalence,
        "shot_seed": None if trained is None else trained.shot_seed,
    }
    return {
        "recipe": context.recipe.name,
        "recipe_id": context.recipe_id,
        "stage": step.stage,
        "model": model,
        "task": str(step.params["task"]),
        "data": _data(planned, context),
        "seed": seed_of(context, model),
        "protocol": kind.protocol(step.params),
        "trained_in": _trained_in(context, model),
        "lineage": describe(lineage),
        "fingerprint": context.plan.by_id(model).fingerprint if step.model else "",
        "baseline": "" if model == baseline else baseline,
        "caps": caps_text(trained.caps if trained else (), kind.cap(stage)),
        "cell": planned.fingerprint,
        "setup": setup_of(lineage_of(context.plan, step.id, backbone)),
        "same_data": same_data(lineage, context.sources.tasks),
        **{key: value for key, value in asked_for.items() if value is not None},
    }


def same_data(lineage: Mapping[str, Any], tasks: Mapping[str, Task]) -> tuple[str, ...]:
    """Return the other tasks of a lineage whose training data are those of the last task."""
    names = [str(step["params"].get("task")) for step in lineage["steps"]]
    known = [tasks[name] for name in names if name in tasks]
    data = [task.train or task.name for task in known]
    found = (task.name for task, own in zip(known, data, strict=True) if own == data[-1])
    return tuple(name for name in dict.fromkeys(found) if name != known[-1].name)


def _data(planned: PlannedStep, context: Context) -> str:
    """Return the names of the data folders.

    For a task of the user's own, these are the places where its files really are.
    """
    task = context.sources.tasks[planned.step.text("task")]
    own = planned.origins.get(task.name, []) if task.home is not None else []
    return ", ".join(map(origin_name, own)) or data_label(context.recipe)


def seed_of(context: Context, model: str) -> int:
    """Return the seed of a model, or the recipe's seed if the model has none."""
    trained = _trained(context, model)
    return context.recipe.seed if trained is None or trained.seed is None else trained.seed


def _trained(context: Context, model: str) -> Trained | None:
    """Return how the heads of a model were trained; None for the bare backbone, which has none."""
    if model == BARE:
        return None
    behind = stage_behind(context.recipe, model)
    stage = context.recipe.stages[behind]
    return kind_of(stage).trained(context.scene, behind, stage)


def _trained_in(context: Context, model: str) -> tuple[str, ...]:
    """Return the languages of the labelled data that a model was trained on, English first."""
    found: set[str] = set()
    for planned in context.plan.upto(model) if model != BARE else ():
        name = planned.step.stage
        stage = context.recipe.stages[name]
        found |= kind_of(stage).languages(context.scene, name, stage)
    return english_first(found)


def english_first(codes: Iterable[str]) -> tuple[str, ...]:
    """Sort language codes as rows list them: English first, then by code."""
    return tuple(sorted(codes, key=lambda code: (not same_language(code, "en"), code)))


def caps_text(trained: Sequence[tuple[str, int | None]], evaluated: int | None) -> str:
    """Describe the caps on examples, such as `train 2000, evaluate 200`.

    Args:
        trained: each task that the model was trained on, with the maximum number of its examples.
        evaluated: the maximum number of evaluated examples per language.
    """
    found = []
    for cap in dict.fromkeys(cap for _, cap in trained if cap):
        capped = dict.fromkeys(task for task, own in trained if own == cap)
        of = f" of {', '.join(capped)}" if len(trained) > 1 else ""
        found.append(f"train {cap}{of}")
    if evaluated:
        found.append(f"evaluate {evaluated}")
    return ", ".join(found)
