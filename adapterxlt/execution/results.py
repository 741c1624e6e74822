"""From the store's measures to the rows of `results.json`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from adapterxlt.execution.context import Context
from adapterxlt.execution.measures import read_measures
from adapterxlt.plan.expand import BARE, stage_behind
from adapterxlt.plan.lineage import describe, lineage_of
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.recipe.schema import (
    EvaluateStage,
    RetrieveStage,
)
from adapterxlt.report.rows import RESULTS_NAME, RESULTS_SCHEMA, Row
from adapterxlt.store.files import write_json
from adapterxlt.tasks.catalogue import catalogue, get_task

ZERO_SHOT = "zero-shot"


def collect_rows(context: Context) -> list[Row]:
    """Return the rows of every evaluate and retrieve cell that the store has, in plan order."""
    rows: list[Row] = []
    for planned in context.plan.steps:
        if planned.step.kind in ("evaluate", "retrieve") and context.store.get(planned.fingerprint):
            rows += _rows_of(planned, context)
    return rows


def write_results(workdir: Path, recipe: str, rows: Sequence[Row]) -> Path:
    """Replace the rows of `recipe` in WORKDIR/results.json; rows of other recipes stay.

    The file depends only on the rows: the same results give the same bytes.
    """
    path = workdir / RESULTS_NAME
    workdir.mkdir(parents=True, exist_ok=True)
    with FileLock(workdir / f".{RESULTS_NAME}.lock"):
        others = [row for row in _read(path) if row.get("recipe") != recipe]
        merged = others + [row.as_dict() for row in rows]
        merged.sort(key=lambda row: str(row["recipe"]))  # stable: plan order within a recipe
        write_json(path, {"schema": RESULTS_SCHEMA, "rows": merged})
    return path


def _read(path: Path) -> list[dict[str, object]]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    if not isinstance(document, dict) or document.get("schema") != RESULTS_SCHEMA:
        return []
    return list(document["rows"])


def baseline_of(stage: EvaluateStage | RetrieveStage) -> str:
    """Name of the model that a stage's other models are compared with."""
    if stage.baseline:
        return stage.baseline
    models, default = (
        (stage.evaluate, "direct") if isinstance(stage, EvaluateStage) else (stage.retrieve, BARE)
    )
    return default if default in models else models[0]


def _rows_of(planned: PlannedStep, context: Context) -> list[Row]:
    step = planned.step
    stage = context.recipe.stages[step.stage]
    assert isinstance(stage, (EvaluateStage, RetrieveStage))
    model = step.inputs[0] if step.inputs else BARE
    baseline = baseline_of(stage)
    shared = {
        "recipe": context.recipe.name,
        "stage": step.stage,
        "model": model,
        "task": str(step.params["task"]),
        "data": ", ".join(Path(name).name or name for name in context.recipe.data),
        "seed": _seed(context, model),
        "protocol": stage.protocol if isinstance(stage, RetrieveStage) else ZERO_SHOT,
        "trained_in": _trained_in(context, model),
        "lineage": describe(
            lineage_of(
                context.plan, step.inputs[0] if step.inputs else None, context.sources.backbone
            )
        ),
        "fingerprint": context.plan.by_id(model).fingerprint if step.inputs else "",
        "baseline": "" if model == baseline else baseline,
        "caps": _caps(context, model, stage),
    }
    return [
        Row(
            language=measure.language,
            split=measure.split,
            metric=measure.metric,
            main=measure.main,
            value=measure.value,
            n=measure.n,
            layer=measure.layer,
            contamination=measure.contamination,
            pooling=measure.pooling,
            **shared,  # type: ignore[arg-type]
        )
        for measure in read_measures(context.store.path(planned.fingerprint))
    ]


def _seed(context: Context, model: str) -> int:
    recipe = context.recipe
    if model == BARE:
        return recipe.seed
    behind = stage_behind(recipe, model)
    if behind in context.sources.used:
        said = context.sources.used[behind].behind().get("seed")
        return said if type(said) is int else recipe.seed
    seed = recipe.training_of(behind).seed
    return recipe.seed if seed is None else seed


def _trained_in(context: Context, model: str) -> tuple[str, ...]:
    """Languages of the labelled data behind a model, English first."""
    found: set[str] = set()
    for planned in context.plan.upto(model) if model != BARE else ():
        if planned.step.kind == "use":
            kinds = {name: task.kind for name, task in catalogue().items()}
            found |= context.sources.used[planned.step.stage].languages(kinds)
        elif planned.step.kind in ("train", "fuse"):
            parts = context.recipe.parts_of(planned.step.stage)
            found.update(part.language for part in parts if get_task(part.task).kind != "mlm")
    return tuple(sorted(found, key=lambda code: (code != "en", code)))


def _caps(context: Context, model: str, stage: EvaluateStage | RetrieveStage) -> str:
    found = []
    capped = () if model == BARE else _capped(context, stage_behind(context.recipe, model))
    for cap in dict.fromkeys(cap for _, cap in capped if cap):
        tasks = dict.fromkeys(task for task, its in capped if its == cap)
        of = f" of {', '.join(tasks)}" if len(capped) > 1 else ""
        found.append(f"train {cap}{of}")
    if isinstance(stage, EvaluateStage) and stage.cap:
        found.append(f"evaluate {stage.cap}")
    return ", ".join(found)


def _capped(context: Context, behind: str) -> list[tuple[str, int | None]]:
    """Each task that a model trained on, with the examples that it trained on at most."""
    if behind not in context.sources.used:
        return [(part.task, part.cap) for part in context.recipe.parts_of(behind)]
    return [
        (str(part.get("task")), cap if type(cap) is int else None)
        for part in context.sources.used[behind].trained()
        for cap in [part.get("cap")]
    ]
