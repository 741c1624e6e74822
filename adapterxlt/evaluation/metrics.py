"""The metrics of each task kind as pure functions; every value is in percent."""

from __future__ import annotations

from collections.abc import Callable

from adapterxlt.scoring.answers import answer_scores
from adapterxlt.scoring.chunks import Tags, chunk_scores
from adapterxlt.scoring.counts import accuracy, token_accuracy


def _tagging(gold: Tags, predicted: Tags) -> dict[str, float]:
    accurate = token_accuracy(gold, predicted)  # first: it refuses what is not aligned
    return {**chunk_scores(gold, predicted), "token_accuracy": accurate}


# By function: gold and predictions in, metric name -> percent out. A task's catalogue entry names
# those of its kind that it reports.
METRICS: dict[str, Callable[..., dict[str, float]]] = {
    "pair_classification": lambda gold, predicted: {"accuracy": accuracy(gold, predicted)},
    "multiple_choice": lambda gold, predicted: {"accuracy": accuracy(gold, predicted)},
    "tagging": _tagging,
    "span_qa": answer_scores,
}
