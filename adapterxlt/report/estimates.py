"""Estimates a difference with its interval and its sources of variance from samples.

With one seed, the interval is the range of the middle 95 % of the samples. With several seeds, the
variances of examples and of seeds are added; crossed seeds have a variance for each stage and one
for combinations. The degrees of freedom are Satterthwaite's. If only one side has several seeds, a
seed of the other is taken to vary as much as one of these.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from adapterxlt.metrics.statistics import Doubles
from adapterxlt.report.spreads import Spread, error_of, spread_of


@dataclass(frozen=True)
class Side:
    """One side of a difference: the seeds of a model, or differences seed by seed.

    Args:
        points: the mean over languages for each seed.
        draws: this mean in every sample, [samples, seeds].
        factors: what varies, with a label for each seed (see `designs.factors_of`). Seeds with the
            same label are one repetition. With several factors, each combination of labels occurs
            at most once.
        fixed: whether nothing in it depends on a seed, as in a backbone without training.
    """

    points: Doubles
    draws: Doubles
    factors: tuple[tuple[object, ...], ...]
    fixed: bool = False

    def repetitions(self) -> Doubles:
        """Return points and draws as rows of one array, [1 + samples, sizes of the factors].

        Missing combinations are filled with the values that the effects of rows and columns
        predict (least squares; Yates 1933), so all rows and columns count equally.
        """
        every = np.concatenate([self.points[None], self.draws])
        places = [list(dict.fromkeys(labels)) for labels in self.factors]
        grid = np.zeros((len(every), *map(len, places)))
        count = np.zeros(grid.shape[1:])
        for seed, labels in enumerate(zip(*self.factors, strict=True)):
            at = tuple(own.index(one) for own, one in zip(places, labels, strict=True))
            np.moveaxis(grid, 0, -1)[at] += every[:, seed]
            count[at] += 1
        if not count.all():
            _fill(grid, count > 0)
        return np.asarray(grid / np.maximum(count, 1))

    @property
    def missing(self) -> int:
        """Return the number of combinations that are missing."""
        sizes = [len({*labels}) for labels in self.factors]
        return math.prod(sizes) - len({*zip(*self.factors, strict=True)})


@dataclass(frozen=True)
class Estimate:
    """A difference in points.

    Args:
        low, high: the 95 % interval.
        low90, high90: the 90 % interval, which decides about equivalence.
        p: from a t test over the seeds. It is None with one seed, where a permutation test is
            used.
        examples, seeds: the variance of the difference that comes from each.
        parts: the variance of seeds by factor. Crossed seeds have a part for each stage and one
            for single combinations; other designs have one part.
        spreads: how the seeds of each side that has several differ.
        alone: whether the other side has a single seed, which could have been another.
    """

    points: float
    low: float
    high: float
    low90: float
    high90: float
    p: float | None
    examples: float
    seeds: float
    parts: tuple[float, ...] = ()
    spreads: tuple[Spread, ...] = ()
    alone: bool = False


def _fill(grid: Doubles, there: npt.NDArray[np.bool_]) -> None:
    """Fill missing combinations with sums of the effects of rows and columns."""
    places = np.indices(there.shape).reshape(there.ndim, -1).T
    effects = np.concatenate(
        [places[:, [axis]] == np.arange(size) for axis, size in enumerate(there.shape)], axis=1
    ).astype(np.float64)
    known = there.ravel()
    flat = grid.reshape(len(grid), -1)
    flat[:, ~known] = flat[:, known] @ (effects[~known] @ np.linalg.pinv(effects[known])).T


def estimate(sides: Sequence[Side], clusters: int) -> Estimate:
    """Estimate the first side minus the second, or the only side.

    Args:
        clusters: the number of clusters from which the samples were drawn.
    """
    grids = [side.repetitions() for side in sides]
    means = [grid.reshape(len(grid), -1).mean(axis=1) for grid in grids]
    both = means[0] - means[1] if len(means) > 1 else means[0]
    points, draws = float(both[0]), both[1:]
    draws = draws[np.isfinite(draws)]
    examples = float(draws.var()) if len(draws) else 0.0
    # The bootstrap divides by the number of clusters, so its variance is a little too small.
    examples *= clusters / max(1, clusters - 1)
    if all(grid[0].size == 1 for grid in grids):
        low, low90, high90, high = (
            np.quantile(draws, (0.025, 0.05, 0.95, 0.975)).tolist() if len(draws) else [points] * 4
        )
        return Estimate(points, low, high, low90, high90, None, examples, 0.0)
    alone = any(
        grid[0].size == 1 and not side.fixed for grid, side in zip(grids, sides, strict=True)
    )
    spreads = tuple(
        spread_of(grid, side.missing)
        for grid, side in zip(grids, sides, strict=True)
        if grid[0].size > 1
    )
    error = error_of(examples, clusters, spreads, alone)
    wide, narrow = (error.times(one) for one in (0.975, 0.95))
    return Estimate(
        points=points,
        low=points - wide,
        high=points + wide,
        low90=points - narrow,
        high90=points + narrow,
        p=error.p(points, clusters),
        examples=examples,
        seeds=sum(error.parts),
        parts=error.parts,
        spreads=spreads,
        alone=alone,
    )


def permutation_p(points: float, differences: Doubles) -> float:
    """Return the two-sided p: how often chance alone gives a difference of at least this size.

    If none of the random differences is as large, their number would bound p, and the correction
    of several hundred comparisons could never show anything. Then p is Hoeffding's bound (1963)
    for a sum of terms with random signs, where that is lower: 2 exp(-z^2 / 2).
    """
    found = int((np.abs(differences) >= abs(points) - 1e-9).sum())
    p = (1 + found) / (1 + len(differences))
    variance = float(np.mean(np.square(differences))) if len(differences) else 0.0
    if found or not variance:
        return p
    return min(p, 2 * math.exp(-(points**2) / variance / 2))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p values for their number (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    steps: npt.NDArray[np.float64] = np.array(p_values, dtype=np.float64)[order]
    steps = steps * np.arange(len(steps), 0, -1)
    corrected = np.empty(len(steps))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(steps) else []
    return [float(value) for value in corrected]
