"""Scores files with one label per line."""

from __future__ import annotations

from collections.abc import Sequence

from adapterxlt.benchmarks.reading import read_column, require_known, same_length
from adapterxlt.benchmarks.spec import Pair, Scored
from adapterxlt.benchmarks.strange import strange_labels
from adapterxlt.metrics.counts import accuracy


def score_classes(pair: Pair) -> Scored:
    """Return the accuracy of files with one label per line."""
    return score_labels(pair, read_column(pair.labels))


def score_labels(pair: Pair, gold: Sequence[str], *, lines: Sequence[int] = ()) -> Scored:
    """Return the accuracy of labels that were already read.

    Args:
        lines: the line numbers of the labels in their file; default: from the first line on.
    """
    lines = lines or range(1, len(gold) + 1)
    same = require_known(pair.labels, gold, pair.known, first=min(lines, default=1))
    predicted = read_column(pair.predictions)
    same_length(gold, predicted, pair.predictions)
    remarks = strange_labels(
        pair,
        zip(lines, gold, strict=True),
        enumerate(predicted, start=1),
        pair.known,
        "they count as wrong",
    )
    return Scored({"accuracy": accuracy(gold, predicted)}, remarks, same)
