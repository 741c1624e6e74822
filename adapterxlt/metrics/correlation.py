"""How well predicted numbers correlate with the right ones, from -100 to 100."""

from __future__ import annotations

import math
from collections.abc import Sequence

from adapterxlt.metrics.counts import check_lengths


def pearson(gold: Sequence[float], predicted: Sequence[float]) -> float:
    """Return Pearson's correlation; 0 if all numbers of a side are equal."""
    check_lengths(gold, predicted, "numbers")
    means = math.fsum(gold) / len(gold), math.fsum(predicted) / len(predicted)
    # Each side is scaled by its own size first, so that squares of tiny or huge numbers survive.
    left = _unit([value - means[0] for value in gold])
    right = _unit([value - means[1] for value in predicted])
    together = math.fsum(a * b for a, b in zip(left, right, strict=True))
    return 100 * max(-1.0, min(1.0, together))


def spearman(gold: Sequence[float], predicted: Sequence[float]) -> float:
    """Return Spearman's correlation: Pearson's of ranks; equal numbers share their mean rank."""
    check_lengths(gold, predicted, "numbers")
    return pearson(_ranks(gold), _ranks(predicted))


def _unit(values: Sequence[float]) -> list[float]:
    """Return the vector of length 1 in this direction; all zeros for a zero vector."""
    largest = max(map(abs, values))
    if not largest:
        return [0.0] * len(values)
    scaled = [value / largest for value in values]
    length = math.sqrt(math.fsum(value * value for value in scaled))
    return [value / length for value in scaled]


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    for end in range(1, len(order) + 1):
        if end == len(order) or values[order[end]] != values[order[start]]:
            for place in order[start:end]:
                ranks[place] = (start + end - 1) / 2
            start = end
    return ranks
