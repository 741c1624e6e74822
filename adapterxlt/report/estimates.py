"""Estimates a difference with its interval and its sources of variance from samples.

With one seed the interval is the range of the middle 95 % of the samples. With several, variances
of examples and of seeds are added, with as many degrees of freedom as Satterthwaite says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import stdtr, stdtrit

from adapterxlt.metrics.statistics import Doubles


@dataclass(frozen=True)
class Side:
    """What goes into a difference: the seeds of a model, or differences seed by seed.

    Args:
        points: mean over languages, of each seed.
        draws: the same in every sample, [samples, seeds].
        groups: seeds of one group share the seed of an earlier stage: they are no independent ones.
    """

    points: Doubles
    draws: Doubles
    groups: tuple[object, ...]

    def by_group(self) -> tuple[Doubles, Doubles]:
        """Means of the groups: points, and draws [samples, groups]."""
        rows = [
            [place for place, group in enumerate(self.groups) if group == one]
            for one in dict.fromkeys(self.groups)
        ]
        return (
            np.array([self.points[own].mean() for own in rows]),
            np.stack([self.draws[:, own].mean(axis=1) for own in rows], axis=1),
        )


@dataclass(frozen=True)
class Estimate:
    """A difference in points.

    Args:
        low, high: 95 % interval; `low90`, `high90` the 90 % one, by which equivalence is told.
        p: of the seeds, by t; None where there is one seed: a permutation tells it then.
        examples, seeds: variance of the difference that comes from each.
    """

    points: float
    low: float
    high: float
    low90: float
    high90: float
    p: float | None
    examples: float
    seeds: float


def estimate(sides: Sequence[Side], clusters: int) -> Estimate:
    """The first side less the second, or the only one.

    Args:
        clusters: number of what the samples were drawn from.
    """
    parts = [side.by_group() for side in sides]
    signs = (1.0, -1.0)[: len(sides)]
    points = sum(sign * float(own.mean()) for sign, (own, _) in zip(signs, parts, strict=True))
    draws = np.sum(
        [sign * own.mean(axis=1) for sign, (_, own) in zip(signs, parts, strict=True)], axis=0
    )
    draws = draws[np.isfinite(draws)]
    examples = float(draws.var()) if len(draws) else 0.0
    # The bootstrap's variance is that of as many draws as clusters: a little too small.
    examples *= clusters / max(1, clusters - 1)
    if all(len(own) == 1 for own, _ in parts):
        low, low90, high90, high = (
            np.quantile(draws, (0.025, 0.05, 0.95, 0.975)).tolist() if len(draws) else [points] * 4
        )
        return Estimate(points, low, high, low90, high90, None, examples, 0.0)
    seeds, spread = 0.0, 0.0
    for own, drawn in parts:
        count = len(own)
        if count > 1:
            between = float(own.var(ddof=1)) / count
            each, mean = np.nanvar(drawn, axis=0).mean(), np.nanvar(drawn.mean(axis=1))
            # What seeds differ by on these very examples is counted with the examples already.
            shared = max(0.0, float(each - mean) / (count - 1))
            seeds += max(0.0, between - shared)
            spread += between**2 / (count - 1)
    total = examples + seeds
    if not total:
        return Estimate(points, points, points, points, points, float(points == 0), 0.0, 0.0)
    freedom = total**2 / (spread + examples**2 / max(1, clusters - 1))
    error = float(np.sqrt(total))
    wide, narrow = (float(stdtrit(freedom, one)) * error for one in (0.975, 0.95))
    p = 2 * float(stdtr(freedom, -abs(points) / error))
    return Estimate(
        points, points - wide, points + wide, points - narrow, points + narrow, p, examples, seeds
    )


def permutation_p(points: float, differences: Doubles) -> float:
    """How often chance alone gives a difference of that size, both ways."""
    found = int((np.abs(differences) >= abs(points) - 1e-9).sum())
    return (1 + found) / (1 + len(differences))


def holm(p_values: Sequence[float]) -> list[float]:
    """The same, corrected for how many there are (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    steps: npt.NDArray[np.float64] = np.array(p_values, dtype=np.float64)[order]
    steps = steps * np.arange(len(steps), 0, -1)
    corrected = np.empty(len(steps))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps)) if len(steps) else []
    return [float(value) for value in corrected]
