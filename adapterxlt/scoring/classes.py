"""Scoring files of one label a line."""

from __future__ import annotations

from collections.abc import Sequence

from adapterxlt.metrics.counts import accuracy
from adapterxlt.scoring.files import read_column, require_known, same_length
from adapterxlt.scoring.spec import Pair, Scored
from adapterxlt.scoring.strange import strange_labels


def score_classes(pair: Pair, known: Sequence[str]) -> Scored:
    """Accuracy of one label a line."""
    return score_labels(pair, read_column(pair.labels), known)


def score_labels(
    pair: Pair, gold: Sequence[str], known: Sequence[str], *, lines: Sequence[int] = ()
) -> Scored:
    """The same where the labels have been read already.

    Args:
        lines: those of the labels in their file; default: from the first on.
    """
    lines = lines or range(1, len(gold) + 1)
    same = require_known(pair.labels, gold, known, first=min(lines, default=1))
    predicted = read_column(pair.predictions)
    same_length(gold, predicted, pair.predictions)
    remarks = strange_labels(
        pair,
        zip(lines, gold, strict=True),
        enumerate(predicted, start=1),
        known,
        "they count as wrong",
    )
    return Scored({"accuracy": accuracy(gold, predicted)}, remarks, same)
