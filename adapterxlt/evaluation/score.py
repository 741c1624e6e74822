"""Predictions against labels: the metrics that a task reports."""

from __future__ import annotations

from collections.abc import Sequence

from adapterxlt.errors import MissingDataError
from adapterxlt.evaluation.metrics import METRICS
from adapterxlt.evaluation.predict import Prediction
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.types import Example, QAExample, TaggingExample, TextExample


def score(
    task: Task, examples: Sequence[Example], predictions: Sequence[Prediction], language: str
) -> dict[str, float]:
    """The task's metrics, in percent, in the order of its catalogue entry.

    Args:
        task: says which metrics, and how its labels are called.
        examples: the examples with their labels.
        predictions: one an example, as `predict` returns them.
        language: for messages.

    Raises:
        MissingDataError: there are no examples, or labels are withheld.
    """
    if not examples:
        raise MissingDataError(f"no examples of `{task.name}` in language `{language}` to score")
    blanked = sum(_gold(task, example) is None for example in examples)
    if blanked:
        raise MissingDataError(
            f"{blanked} of {len(examples)} examples of `{task.name}` in language `{language}` "
            "have no label, so there is nothing to score against",
            hint="the labels of official test sets are withheld: use `split: dev`",
        )
    measured = METRICS[task.kind](
        [_gold(task, example) for example in examples],
        [_named(task, prediction) for prediction in predictions],
    )
    return {name: measured[name] for name in task.metrics}


def _gold(task: Task, example: Example) -> object | None:
    """What a right prediction would be; None where it is blanked."""
    if isinstance(example, TaggingExample):
        return None if example.tags is None else _named(task, list(example.tags))
    if isinstance(example, QAExample):
        return [text for _, text in example.answers] if example.answers else None
    return None if isinstance(example, TextExample) else example.label


def _named(task: Task, prediction: Prediction) -> object:
    if isinstance(prediction, list):  # chunks are read off tag names
        return [task.labels[tag] for tag in prediction]
    return prediction
