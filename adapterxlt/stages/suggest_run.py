"""Measure how well one model's frozen features tell the classes of a target apart."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.batching.encode import encode
from adapterxlt.errors import MissingDataError
from adapterxlt.evaluation.features import frozen_features
from adapterxlt.metrics.transferability import h_score, knn_accuracy, linear_probe, logme
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.results.measures import Measure, write_measures
from adapterxlt.stages.running.behind import behind
from adapterxlt.stages.running.contamination import describe_overlap, hash_texts
from adapterxlt.stages.running.context import Context
from adapterxlt.stages.running.data import evaluation_examples
from adapterxlt.stages.running.swap import used_for
from adapterxlt.tasks.label_file import with_labels
from adapterxlt.tasks.texts import texts_of

MAIN = "linear_probe"


def run_suggest(planned: PlannedStep, context: Context, staging: Path) -> None:
    """Compute the features of a sample once, and every measure of them."""
    step, sources = planned.step, context.sources
    language, split = str(step.items("languages")[0]), step.text("split")
    task = with_labels(sources.tasks[step.text("task")], sources.roots, language, split)
    chosen = evaluation_examples(step, sources, language)
    artifact = context.artifact(step.model) if step.model else None
    built = context.model(planned, language)
    features = encode(
        chosen,
        built.tokenizer,
        task.kind,
        max_length=step.number("max_length"),
        doc_stride=0,
        labelled=True,
        labels=task.labels,
    )
    points, classes = frozen_features(
        built,
        features,
        task.kind,
        token_budget=step.number("token_budget"),
        seed=step.number("seed"),
        progress=context.progress,
        description=step.id,
    )
    if len(set(classes.tolist())) < 2:
        raise MissingDataError(
            f"`{step.id}`: all examples in the sample have the same class",
            hint="take a larger `sample`",
        )
    data = behind(step.model, context)
    values = {
        MAIN: linear_probe(points, classes),
        "knn": knn_accuracy(points, classes),
        "logme": logme(points, classes),
        "h_score": h_score(points, classes),
        "source_size": float(data.texts),
        "mnli_always": float("mnli" in data.tasks),
    }
    seen = context.seen_in(planned, language, context.seen(artifact))
    flagged = describe_overlap(hash_texts(texts_of(chosen)), seen)
    write_measures(
        staging / "out",
        [
            Measure(
                language=language,
                split=split,
                metric=metric,
                main=metric == MAIN,
                value=value,
                n=len(points),
                contamination=flagged,
                language_adapter=used_for(step, language),
            )
            for metric, value in values.items()
        ],
    )
