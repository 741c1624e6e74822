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
from scipy.special import stdtr, stdtrit

from adapterxlt.metrics.statistics import Doubles


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
    parts, spread = _of_seeds(grids, [side.missing for side in sides], alone)
    seeds = sum(parts)
    total = examples + seeds
    if not total:
        p = least_p(clusters) if points else 1.0
        return Estimate(points, points, points, points, points, p, 0.0, 0.0, tuple(parts))
    freedom = total**2 / (spread + examples**2 / max(1, clusters - 1))
    error = float(np.sqrt(total))
    wide, narrow = (float(stdtrit(freedom, one)) * error for one in (0.975, 0.95))
    return Estimate(
        points=points,
        low=points - wide,
        high=points + wide,
        low90=points - narrow,
        high90=points + narrow,
        p=2 * float(stdtr(freedom, -abs(points) / error)),
        examples=examples,
        seeds=seeds,
        parts=tuple(parts),
    )


def least_p(clusters: int) -> float:
    """Return the two-sided p of a sign test if all clusters favour the same side.

    No test of so few examples can be more certain, however little they differ among themselves.
    """
    return min(1.0, 2.0 ** (1 - clusters))


def _of_seeds(
    grids: Sequence[Doubles], missing: Sequence[int], alone: bool
) -> tuple[list[float], float]:
    """Return what seeds add to the variance of a difference, by factor, and its uncertainty.

    The last part belongs to single combinations of a grid. The factors of a side with fewer of
    them are those of the latest stages.

    Args:
        alone: whether one side has a single seed, which could have been another. Its variance is
            that of a single seed of the other side.
    """
    most = max(grid.ndim for grid in grids) - 1
    parts, spread = [0.0] * (most + (most > 1)), 0.0
    for grid, gaps in zip(grids, missing, strict=True):
        if grid[0].size == 1:
            continue
        centred = np.concatenate([grid[:1], grid[1:] - grid[1:].mean(axis=0)])
        squares, freedom = _squares(centred, gaps)
        # How seeds differ only on these examples is already counted with the examples.
        found, shared = squares[:, 0], np.nanmean(squares[:, 1:], axis=1)
        line = len(found) == 2  # with one factor, there is no rest
        counted = [line or one > found[-1] for one in found[:-1]]
        # From the variance of a mean over so many seeds to that of a difference from one seed.
        more = [1 + alone * size for size in (*grid.shape[1:], grid[0].size)]
        for place, (one, noise) in enumerate(zip(found[:-1], shared[:-1], strict=True)):
            own = max(0.0, float(one - found[-1]) - max(0.0, float(noise - shared[-1])))
            parts[most - len(counted) + place] += more[place] * own
            spread += (more[place] * float(one)) ** 2 / freedom[place] if counted[place] else 0.0
        if not line:
            parts[-1] += more[-1] * max(0.0, float(found[-1] - shared[-1]))
            rest = more[-1] - sum(
                factor for factor, own in zip(more[:-1], counted, strict=True) if own
            )
            spread += (rest * float(found[-1])) ** 2 / freedom[-1]
    return parts, spread


def _squares(grid: Doubles, missing: int) -> tuple[Doubles, list[int]]:
    """Return the mean squares of each factor and of the rest, over the number of repetitions.

    This is an analysis of variance with one value per cell. The expected mean square of a factor
    is its part of the variance of the mean, plus that of the rest, which only a grid has.

    Returns:
        [factors and the rest, rows of the grid], and the degrees of freedom of each.
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


def permutation_p(points: float, differences: Doubles) -> float:
    """Return the two-sided p: how often chance alone gives a difference of at least this size."""
    found = int((np.abs(differences) >= abs(points) - 1e-9).sum())
    return (1 + found) / (1 + len(differences))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p values for their number (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    steps: npt.NDArray[np.float64] = np.array(p_values, dtype=np.float64)[order]
    steps = steps * np.arange(len(steps), 0, -1)
    corrected = np.empty(len(steps))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(steps) else []
    return [float(value) for value in corrected]
