"""How much seeds differ, what this adds to the error of a difference, and p by Student's t.

The degrees of freedom are Satterthwaite's (1946).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from adapterxlt.metrics.statistics import Doubles

# One number, or that of each of many simulated studies.
Number = float | Doubles


@dataclass(frozen=True)
class Spread:
    """How the seeds of one side differ: an analysis of variance with one value per cell.

    Args:
        sizes: the number of seeds of each factor; several factors are a grid.
        squares: the mean square of each factor, and last that of the rest, which only a grid has;
            all divided by the number of repetitions. The expected mean square of a factor is its
            part of the variance of the mean, plus that of the rest.
        shared: how large they are on average in the samples of examples, that is, without a
            difference of seeds.
        freedom: the degrees of freedom of each.
    """

    sizes: tuple[int, ...]
    squares: tuple[Number, ...]
    shared: tuple[Number, ...]
    freedom: tuple[Number, ...]


@dataclass(frozen=True)
class Error:
    """The error of a difference.

    Args:
        size: the standard error.
        freedom: its degrees of freedom.
        parts: what seeds add to its square, by factor.
    """

    size: float
    freedom: float
    parts: tuple[float, ...]

    def times(self, share: float) -> float:
        """Return the error times a quantile of Student's t."""
        return float(stdtrit(self.freedom, share)) * self.size if self.size else 0.0

    def p(self, points: float, clusters: int) -> float:
        """Return the two-sided p of a difference of `points`."""
        if not self.size:
            return least_p(clusters) if points else 1.0
        return 2 * float(stdtr(self.freedom, -abs(points) / self.size))


def spread_of(grid: Doubles, missing: int) -> Spread:
    """Return how repetitions differ.

    Args:
        grid: a difference, then its samples: [1 + samples, sizes of the factors].
        missing: the number of combinations that were filled.
    """
    centred = np.concatenate([grid[:1], grid[1:] - grid[1:].mean(axis=0)])
    squares, freedom = _squares(centred, missing)
    return Spread(
        grid.shape[1:],
        tuple(squares[:, 0].tolist()),
        tuple(np.nanmean(squares[:, 1:], axis=1).tolist()),
        tuple(freedom),
    )


def error_of(examples: float, clusters: int, spreads: Sequence[Spread], alone: bool) -> Error:
    """Return the error of a difference; see `errors_of`."""
    total, freedom, parts = errors_of(examples, clusters, spreads, alone)
    if not total:
        return Error(0.0, math.inf, tuple(map(float, parts)))
    return Error(math.sqrt(float(total)), float(freedom), tuple(map(float, parts)))


def errors_of(
    examples: float, clusters: int, spreads: Sequence[Spread], alone: bool
) -> tuple[Doubles, Doubles, list[Doubles]]:
    """Return the error of a difference that has a variance of examples and one of seeds.

    The last part of the variance of seeds belongs to single combinations of a grid. The factors of
    a side with fewer of them are those of the latest stages.

    Args:
        examples: the variance of the difference that comes from examples.
        clusters: the number of clusters from which they were drawn.
        spreads: those of the sides with several seeds.
        alone: whether one side has a single seed, which could have been another. Its variance is
            that of a single seed of the other side.

    Returns:
        The squared error, its degrees of freedom, and what seeds add to it, by factor.
    """
    most = max(len(one.sizes) for one in spreads)
    parts = [np.zeros(()) for _ in range(most + (most > 1))]
    uncertain = np.zeros(())
    for spread in spreads:
        # How seeds differ only on these examples is already counted with the examples.
        *found, rest = spread.squares
        *shared, noise = spread.shared
        line = len(found) == 1  # with one factor, there is no rest
        counted = [line | (np.asarray(one) > rest) for one in found]
        # From the variance of a mean over so many seeds to that of a difference from one seed.
        more = [1 + alone * size for size in (*spread.sizes, math.prod(spread.sizes))]
        for place, (one, usual) in enumerate(zip(found, shared, strict=True)):
            own = np.maximum(0.0, one - rest - np.maximum(0.0, usual - noise))
            at = most - len(found) + place
            parts[at] = parts[at] + more[place] * own
            known = (more[place] * one) ** 2 / spread.freedom[place]
            uncertain = uncertain + np.where(counted[place], known, 0.0)
        if not line:
            parts[-1] = parts[-1] + more[-1] * np.maximum(0.0, rest - noise)
            factor = more[-1] - sum(
                np.where(one, own, 0) for own, one in zip(more[:-1], counted, strict=True)
            )
            uncertain = uncertain + (factor * rest) ** 2 / spread.freedom[-1]
    total = np.asarray(examples + sum(parts))
    with np.errstate(invalid="ignore", divide="ignore"):
        freedom = total**2 / (uncertain + examples**2 / max(1, clusters - 1))
    return total, freedom, parts


def least_p(clusters: int) -> float:
    """Return the two-sided p of a sign test if all clusters favour the same side.

    No test of so few examples can be more certain, however little they differ among themselves.
    """
    return min(1.0, 2.0 ** (1 - clusters))


def _squares(grid: Doubles, missing: int) -> tuple[Doubles, list[int]]:
    """Return the mean squares of each factor and of the rest, and their degrees of freedom.

    Args:
        grid: [rows, sizes of the factors].
    """
    axes = tuple(range(1, grid.ndim))
    rest = grid - grid.mean(axis=axes, keepdims=True)
    squares, freedom = [], []
    for axis in axes:
        means = rest.mean(axis=tuple(one for one in axes if one != axis), keepdims=True)
        squares.append(means.reshape(len(grid), -1).var(axis=1, ddof=1) / grid.shape[axis])
        freedom.append(grid.shape[axis] - 1)
        rest = rest - means
    count = grid[0].size - missing
    left = count - 1 - sum(freedom)
    total = (rest.reshape(len(grid), -1) ** 2).sum(axis=1)
    squares.append(total / left / count if left else np.zeros(len(grid)))
    return np.array(squares), [*freedom, left]
