"""Scoring files of one label a line."""

from __future__ import annotations

from collections.abc import Sequence

from adapterxlt.scoring.counts import accuracy
from adapterxlt.scoring.files import read_column, require_known, same_length
from adapterxlt.scoring.spec import Pair, Scored


def score_classes(pair: Pair, known: Sequence[str]) -> Scored:
    """Accuracy of one label a line."""
    return score_labels(pair, read_column(pair.labels), known)


def score_labels(
    pair: Pair, gold: Sequence[str], known: Sequence[str], *, first: int = 1
) -> Scored:
    """The same where the labels have been read already, from line `first` on."""
    same = require_known(pair.labels, gold, known, first=first)
    predicted = read_column(pair.predictions)
    same_length(gold, predicted, pair.predictions)
    strange = [label for label in predicted if label not in known]
    remarks = []
    if strange:
        what = f"{len(strange)} predictions are no labels (`{strange[0][:40]}`)"
        remarks.append(f"{what}: they count as wrong")
    return Scored({"accuracy": accuracy(gold, predicted)}, remarks, same)
