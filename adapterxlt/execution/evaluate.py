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
from adapterxlt.execution.contamination import Hashes, describe_overlap, hash_texts, read_seen
from adapterxlt.execution.context import Context
from adapterxlt.execution.data import evaluation_examples
from adapterxlt.execution.measures import Measure, write_measures
from adapterxlt.execution.predictions import PREDICTIONS_FOLDER
from adapterxlt.plan.steps import PlannedStep, Step
from adapterxlt.store.files import write_json
from adapterxlt.tasks.catalogue import Task, get_task
from adapterxlt.tasks.label_file import with_labels
from adapterxlt.tasks.labels import is_labelled
from adapterxlt.tasks.texts import texts_of
from adapterxlt.tasks.types import Example


def run_evaluate(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Predict and score every language; one that an interrupted run finished is not redone.

    Where the step writes prediction files, languages without labels are predicted, not scored.
    """
    step = planned.step
    entry, roots = get_task(step.text("task")), context.sources.roots
    seen = read_seen(context.backbone.path, context.artifact(step.inputs[0]))
    partial = staging / "partial"
    measures: list[Measure] = []
    for language in step.items("languages"):
        done = partial / f"{language}.json"
        if not done.is_file():
            task = with_labels(entry, roots, language, step.text("split"))
            examples = evaluation_examples(step, roots, language)
            if task.kind == "mlm":
                values = masked_scores(
                    context.model(planned),
                    examples,
                    max_length=step.number("max_length"),
                    token_budget=step.number("token_budget"),
                    progress=context.progress,
                    description=f"{step.id} {language}",
                )
                found = _measures(step, task, language, examples, values, seen)
                write_json(done, [asdict(measure) for measure in found])
                measures += found
                continue
            predictions = predict(
                context.model(planned),
                examples,
                task.kind,
                max_length=step.number("max_length"),
                doc_stride=step.number("doc_stride"),
                token_budget=step.number("token_budget"),
                progress=context.progress,
                description=f"{step.id} {language}",
                no_answer=task.no_answer,
                cache=context.encoded,
            )
            if "predictions" in step.params:
                file = submission_file(step.text("predictions"), task, language, step.text("split"))
                write_submission(partial / PREDICTIONS_FOLDER / file, task, examples, predictions)
                if not any(is_labelled(example) for example in examples):
                    context.progress.log(f"{step.id} {language}: no labels, not scored")
                    write_json(done, [])
                    continue
            values = score(task, examples, predictions, language, step.text("split"))
            found = _measures(step, task, language, examples, values, seen)
            write_json(done, [asdict(measure) for measure in found])
        measures += [Measure(**item) for item in json.loads(done.read_text(encoding="utf-8"))]
    write_measures(staging / "out", measures)
    if "predictions" in step.params:
        shutil.copytree(partial / PREDICTIONS_FOLDER, staging / "out" / PREDICTIONS_FOLDER)


def _measures(
    step: Step,
    task: Task,
    language: str,
    examples: list[Example],
    values: dict[str, float],
    seen: dict[str, Hashes],
) -> list[Measure]:
    """Every metric of one language, with what of its texts was seen in training."""
    split = step.text("split")
    flagged = describe_overlap(hash_texts(texts_of(examples)), seen)
    return [
        Measure(
            language=language,
            split=split,
            metric=metric,
            main=metric == task.main_metric,
            value=value,
            n=len(examples),
            contamination=flagged,
        )
        for metric, value in values.items()
    ]
