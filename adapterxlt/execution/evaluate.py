"""Evaluate one model on one task, language by language, zero-shot."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict
from pathlib import Path

from adapterxlt.evaluation.mlm import masked_scores
from adapterxlt.evaluation.predict import predict
from adapterxlt.evaluation.score import score
from adapterxlt.evaluation.submission import submission_file, write_submission
from adapterxlt.execution.contamination import describe_overlap, read_seen
from adapterxlt.execution.context import Context
from adapterxlt.execution.data import evaluation_examples
from adapterxlt.execution.predictions import PREDICTIONS_FOLDER
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.registry import get_kind
from adapterxlt.plan.steps import PlannedStep, Step
from adapterxlt.results.measures import Measure, write_measures
from adapterxlt.store.files import write_json
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.label_file import with_labels
from adapterxlt.tasks.labels import is_labelled


def run_evaluate(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Predict and score every language; one that an interrupted run finished is not redone.

    Where the step writes prediction files, languages without labels are predicted, not scored.
    """
    step = planned.step
    entry, roots = context.sources.tasks[step.text("task")], context.sources.roots
    seen = read_seen(context.backbone.path, context.artifact(step.inputs[0]))
    partial = staging / "partial"
    measures: list[Measure] = []
    for language in step.items("languages"):
        done = partial / f"{language}.json"
        found = _finished(done)
        if found is None:
            task = with_labels(entry, roots, language, step.text("split"))
            examples = evaluation_examples(step, context.sources, language)
            values = _score(planned, context, task, language, examples, partial)
            flagged = describe_overlap(context.texts.evaluated(step, language), seen)
            found = _measures(step, task, language, len(examples), values, flagged)
            write_json(done, [asdict(measure) for measure in found])
        measures += found
    write_measures(staging / "out", measures)
    if "predictions" in step.params:
        shutil.copytree(partial / PREDICTIONS_FOLDER, staging / "out" / PREDICTIONS_FOLDER)


def _finished(path: Path) -> list[Measure] | None:
    """What an interrupted run left of a language; None if that is nothing, or damaged."""
    try:
        return [Measure(**item) for item in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):
        return None


def _score(
    planned: PlannedStep,
    context: Context,
    task: Task,
    language: str,
    examples: list[Example],
    partial: Path,
) -> dict[str, float]:
    """Every metric of one language; {} without labels. Leaves prediction files if it is to."""
    step, split = planned.step, planned.step.text("split")
    built, description = context.model(planned), f"{planned.step.id} {language}"
    if not get_kind(task.kind).predicts:
        return masked_scores(
            built,
            examples,
            max_length=step.number("max_length"),
            token_budget=step.number("token_budget"),
            progress=context.progress,
            description=description,
        )
    odds: dict[str, float] | None = {} if task.no_answer else None
    predictions = predict(
        built,
        examples,
        task,
        max_length=step.number("max_length"),
        doc_stride=step.number("doc_stride"),
        token_budget=step.number("token_budget"),
        progress=context.progress,
        description=description,
        odds=odds,
        cache=context.encoded,
    )
    if "predictions" in step.params:
        file = submission_file(step.text("predictions"), task, language, split)
        write_submission(partial / PREDICTIONS_FOLDER / file, task, examples, predictions, odds)
        if not any(is_labelled(example) for example in examples):
            context.progress.log(f"{description}: no labels, not scored")
            return {}
    return score(task, examples, predictions, language, split)


def _measures(
    step: Step,
    task: Task,
    language: str,
    count: int,
    values: dict[str, float],
    flagged: str,
) -> list[Measure]:
    """The metrics of one language, measured on `count` examples."""
    return [
        Measure(
            language=language,
            split=step.text("split"),
            metric=metric,
            main=metric == task.main_metric,
            value=value,
            n=count,
            contamination=flagged,
        )
        for metric, value in values.items()
    ]
