"""The metrics of each task kind as pure functions; every value is in percent."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from adapterxlt.metrics.answers import answer_scores
from adapterxlt.metrics.chunks import Tags, chunk_scores
from adapterxlt.metrics.counts import accuracy, set_scores, token_accuracy


def _tagging(gold: Tags, predicted: Tags) -> dict[str, float]:
    accurate = token_accuracy(gold, predicted)  # first: it refuses what is not aligned
    return {**chunk_scores(gold, predicted), "token_accuracy": accurate}


def _classes(gold: Sequence[object], predicted: Sequence[object]) -> dict[str, float]:
    """Accuracy; of two classes also the F1 of the second, and the mean of both (GLUE's QQP)."""
    right = accuracy(gold, predicted)
    sides = [[n for n, label in enumerate(side) if label == 1] for side in (gold, predicted)]
    f1 = set_scores(*sides)["f1"]
    return {"accuracy": right, "f1": f1, "accuracy_and_f1": (right + f1) / 2}


# By function: gold and predictions in, metric name -> percent out. A task's catalogue entry names
# those of its kind that it reports.
METRICS: dict[str, Callable[..., dict[str, float]]] = {
    "pair_classification": _classes,
    "multiple_choice": lambda gold, predicted: {"accuracy": accuracy(gold, predicted)},
    "tagging": _tagging,
    "span_qa": answer_scores,
}
