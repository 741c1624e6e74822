"""Decides how often each task of a mixture is drawn, and in which order.

The formulas are those of jiant (`proj/main/components/task_sampler.py`); n is the number of a
task's training inputs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from adapterxlt.recipe.fields import Sampling


def counted(sizes: Sequence[int], sampling: Sampling, cap: int | None) -> npt.NDArray[np.int64]:
    """What each task counts in an epoch of the mixture: min(n, cap) where a cap is used, else n."""
    n = np.asarray(sizes, dtype=np.int64)
    uses_cap = cap is not None and sampling in ("capped", "temperature")
    return np.minimum(n, cap) if uses_cap else n  # type: ignore[arg-type]


def probabilities(
    sizes: Sequence[int], sampling: Sampling, cap: int | None, temperature: float | None
) -> npt.NDArray[np.float64]:
    """Return the probability of each task for a step.

    `proportional`: p ~ n. `capped`: p ~ min(n, cap). `temperature`: p ~ min(n, cap)^(1/T), the
    cap being optional. `uniform`: all alike.
    """
    weights = counted(sizes, sampling, cap).astype(np.float64)
    if sampling == "temperature":
        weights = weights ** (1 / (temperature or 1.0))
    elif sampling == "uniform":
        weights = np.ones_like(weights)
    found: npt.NDArray[np.float64] = weights / weights.sum()
    return found


def shared(
    chances: npt.NDArray[np.float64], weights: Sequence[float | None]
) -> npt.NDArray[np.float64]:
    """The same where some tasks have a share of the steps: the others divide the rest so.

    Args:
        chances: as `probabilities` has them.
        weights: the shares; None of those that have none. They sum to less than 1, or to 1 where
            all have one.
    """
    given = np.array([weight or 0.0 for weight in weights])
    free = np.array([weight is None for weight in weights])
    found = np.where(free, chances, 0.0)
    rest = 1 - given.sum()
    found = given + (found * (rest / found.sum()) if free.any() else 0.0)
    scaled: npt.NDArray[np.float64] = found / found.sum()
    return scaled


def turns(
    chances: npt.NDArray[np.float64], steps: int, seed: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """The order of tasks, fixed by the seed.

    Returns:
        For each of the `steps`: whose turn it is, and how many turns that task had before.
    """
    # A stream of its own: batches are drawn with seeds of [seed, epoch].
    rng = np.random.default_rng([seed, 0, len(chances)])
    order = rng.choice(len(chances), size=steps, p=chances)
    before = np.zeros(steps, dtype=np.int64)
    for task in range(len(chances)):
        mine = order == task
        before[mine] = np.arange(int(mine.sum()))
    return order, before
