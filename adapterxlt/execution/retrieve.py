"""Sentence retrieval (Tatoeba) and bitext mining (BUCC) of one model, without training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from adapterxlt.execution.contamination import describe_overlap, read_seen
from adapterxlt.execution.context import Context
from adapterxlt.execution.measures import Measure, write_measures
from adapterxlt.plan.steps import PlannedStep, Step
from adapterxlt.retrieval.protocols import get_protocol
from adapterxlt.retrieval.run import Measured, retrieve_bucc, retrieve_tatoeba
from adapterxlt.tasks.catalogue import Task, get_task
from adapterxlt.tasks.read import read_bitext, read_mining
from adapterxlt.tasks.types import MiningSet


def run_retrieve(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Encode, search and score every language and layer of the cell."""
    step = planned.step
    task, languages = get_task(step.text("task")), step.items("languages")
    if task.kind == "bitext_mining":
        measured = _mining(planned, context, task, languages, step.items("splits"))
    else:
        measured = _tatoeba(planned, context, task, languages)
    artifact = context.artifact(step.inputs[0]) if step.inputs else None
    seen = read_seen(context.backbone.path, artifact)
    flags = {
        language: describe_overlap(context.texts.evaluated(step, language), seen)
        for language in languages
    }
    write_measures(
        staging / "out",
        [
            Measure(
                language=item.language,
                split=item.split,
                metric=item.metric,
                main=item.metric == task.main_metric,
                value=item.value,
                n=item.n,
                layer=item.layer,
                contamination=flags[item.language],
            )
            for item in measured
        ],
    )


def _tatoeba(
    planned: PlannedStep, context: Context, task: Task, languages: list[str]
) -> list[Measured]:
    bitexts = [read_bitext(task, context.sources.roots, language) for language in languages]
    return retrieve_tatoeba(
        context.model(planned), bitexts, progress=context.progress, **_settings(planned.step)
    )


def _mining(
    planned: PlannedStep,
    context: Context,
    task: Task,
    languages: list[str],
    splits: list[str],
) -> list[Measured]:
    measured: list[Measured] = []
    for language in languages:
        sets: dict[str, MiningSet] = {
            split: read_mining(task, context.sources.roots, language, split) for split in splits
        }
        measured += retrieve_bucc(
            context.model(planned), sets, progress=context.progress, **_settings(planned.step)
        )
    return measured


def _settings(step: Step) -> dict[str, Any]:
    return {
        "layers": step.items("layers"),
        "protocol": get_protocol(step.params["protocol"]["name"]),
        "max_length": step.number("max_length"),
        "token_budget": step.number("token_budget"),
    }
