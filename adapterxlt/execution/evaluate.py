"""Evaluate one model on one task, language by language, zero-shot."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from adapterxlt.evaluation.predict import predict
from adapterxlt.evaluation.score import score
from adapterxlt.execution.contamination import describe_overlap, hash_texts, read_seen
from adapterxlt.execution.context import Context
from adapterxlt.execution.data import labelled_examples
from adapterxlt.execution.measures import Measure, write_measures
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.store.files import write_json
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.texts import texts_of


def run_evaluate(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Score every language; a language that an interrupted run finished is not redone."""
    step = planned.step
    task, split = get_task(step.text("task")), step.text("split")
    seen = read_seen(context.backbone.path, context.artifact(step.inputs[0]))
    partial = staging / "partial"
    measures: list[Measure] = []
    for language in step.items("languages"):
        done = partial / f"{language}.json"
        if not done.is_file():
            examples = labelled_examples(
                task,
                context.sources.roots,
                language,
                split,
                cap=None if step.params["cap"] is None else step.number("cap"),
            )
            predictions = predict(
                context.model(planned),
                examples,
                task.kind,
                max_length=step.number("max_length"),
                doc_stride=step.number("doc_stride"),
                token_budget=step.number("token_budget"),
                progress=context.progress,
                description=f"{step.id} {language}",
            )
            flagged = describe_overlap(hash_texts(texts_of(examples)), seen)
            values = score(task, examples, predictions, language)
            found = [
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
            write_json(done, [asdict(measure) for measure in found])
        measures += [Measure(**item) for item in json.loads(done.read_text(encoding="utf-8"))]
    write_measures(staging / "out", measures)
