"""From the store's measures to the rows of `results.json`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from adapterxlt.execution.context import Context
from adapterxlt.kinds.registry import get_kind
from adapterxlt.plan.expand import BARE, stage_behind
from adapterxlt.plan.lineage import describe, lineage_of
from adapterxlt.plan.plan import data_label
from adapterxlt.plan.setup import setup_of
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.recipe.schema import (
    EvaluateStage,
    RetrieveStage,
)
from adapterxlt.recipe.used import caps_of
from adapterxlt.results.measures import Measure, read_measures
from adapterxlt.results.rows import Row

MEASURING = ("evaluate", "retrieve")
ZERO_SHOT = "zero-shot"


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
    """What the rows of every evaluate and retrieve cell say beside their values, in plan order."""
    return [names_of(planned, context) for planned in _cells(context)]


def rows_of(names: dict[str, Any], measures: list[Measure]) -> list[Row]:
    """The rows of a cell."""
    return [Row(**names, **asdict(measure)) for measure in measures]


def _cells(context: Context) -> list[PlannedStep]:
    return [planned for planned in context.plan.steps if planned.step.kind in MEASURING]


def baseline_of(stage: EvaluateStage | RetrieveStage) -> str:
    """Name of the model that a stage's other models are compared with."""
    if stage.baseline:
        return stage.baseline
    models, default = (
        (stage.evaluate, "direct") if isinstance(stage, EvaluateStage) else (stage.retrieve, BARE)
    )
    return default if default in models else models[0]


def names_of(planned: PlannedStep, context: Context) -> dict[str, Any]:
    """What the rows of a cell say beside their values."""
    step = planned.step
    stage = context.recipe.stages[step.stage]
    assert isinstance(stage, (EvaluateStage, RetrieveStage))
    model = step.inputs[0] if step.inputs else BARE
    baseline = baseline_of(stage)
    backbone = context.sources.backbone
    return {
        "recipe": context.recipe.name,
        "recipe_id": context.recipe_id,
        "stage": step.stage,
        "model": model,
        "task": str(step.params["task"]),
        "data": data_label(context.recipe),
        "seed": _seed(context, model),
        "protocol": stage.protocol if isinstance(stage, RetrieveStage) else ZERO_SHOT,
        "trained_in": _trained_in(context, model),
        "lineage": describe(
            lineage_of(context.plan, step.inputs[0] if step.inputs else None, backbone)
        ),
        "fingerprint": context.plan.by_id(model).fingerprint if step.inputs else "",
        "baseline": "" if model == baseline else baseline,
        "caps": _caps(context, model, stage),
        "cell": planned.fingerprint,
        "setup": setup_of(lineage_of(context.plan, step.id, backbone)),
    }


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
            kinds = {name: task.kind for name, task in context.sources.tasks.items()}
            found |= context.sources.used[planned.step.stage].languages(kinds)
        elif planned.step.kind in ("train", "fuse"):
            parts = context.recipe.parts_of(planned.step.stage)
            found.update(
                part.language
                for part in parts
                if not get_kind(context.sources.tasks[part.task].kind).any_text
            )
    return english_first(found)


def english_first(codes: Iterable[str]) -> tuple[str, ...]:
    """Codes of languages in the order in which rows have them."""
    return tuple(sorted(codes, key=lambda code: (code != "en", code)))


def _caps(context: Context, model: str, stage: EvaluateStage | RetrieveStage) -> str:
    capped = () if model == BARE else _capped(context, stage_behind(context.recipe, model))
    return caps_text(capped, stage.cap if isinstance(stage, EvaluateStage) else None)


def caps_text(trained: Sequence[tuple[str, int | None]], evaluated: int | None) -> str:
    """`train 2000, evaluate 200`.

    Args:
        trained: each task that the model was trained on, and at most how many examples of it.
        evaluated: how many of a language were evaluated at most.
    """
    found = []
    for cap in dict.fromkeys(cap for _, cap in trained if cap):
        capped = dict.fromkeys(task for task, own in trained if own == cap)
        of = f" of {', '.join(capped)}" if len(trained) > 1 else ""
        found.append(f"train {cap}{of}")
    if evaluated:
        found.append(f"evaluate {evaluated}")
    return ", ".join(found)


def _capped(context: Context, behind: str) -> list[tuple[str, int | None]]:
    """Each task that a model trained on, with the examples that it trained on at most."""
    if behind not in context.sources.used:
        return [(part.task, part.cap) for part in context.recipe.parts_of(behind)]
    return caps_of(context.sources.used[behind].trained())
