"""Correlation of predicted numbers with the right ones, times 100.

Where all numbers of one side are the same there is no correlation to speak of: it counts as 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from adapterxlt.scoring.counts import check_lengths

Numbers = npt.NDArray[np.float64]


def pearson(gold: Sequence[float], predicted: Sequence[float]) -> float:
    """How near the pairs of numbers are to a line."""
    check_lengths(gold, predicted, "examples")
    return _correlation(np.asarray(gold, dtype=np.float64), np.asarray(predicted, dtype=np.float64))


def spearman(gold: Sequence[float], predicted: Sequence[float]) -> float:
    """How alike the pairs are in rank; equal numbers share the mean of their ranks."""
    check_lengths(gold, predicted, "examples")
    return _correlation(_ranks(gold), _ranks(predicted))


def _correlation(first: Numbers, second: Numbers) -> float:
    if np.all(first == first[0]) or np.all(second == second[0]):
        return 0.0
    # Scaled first, so that no square of a number is too small or too large.
    first, second = _scaled(first), _scaled(second)
    return 100 * float(np.clip(first @ second, -1, 1))


def _scaled(numbers: Numbers) -> Numbers:
    centred = numbers / np.abs(numbers).max()
    centred = centred - centred.mean()
    centred = centred / np.abs(centred).max()
    scaled: Numbers = centred / np.linalg.norm(centred)
    return scaled


def _ranks(numbers: Sequence[float]) -> Numbers:
    _, places, counts = np.unique(
        np.asarray(numbers, dtype=np.float64), return_inverse=True, return_counts=True
    )
    last = np.cumsum(counts)
    ranks: Numbers = (last - (counts - 1) / 2)[places.reshape(-1)]
    return ranks
