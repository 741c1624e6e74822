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
    """Return how many inputs each task adds to an epoch: min(n, cap) if a cap is used, else n."""
    n = np.asarray(sizes, dtype=np.int64)
    uses_cap = cap is not None and sampling in ("capped", "temperature")
    return np.minimum(n, cap) if uses_cap else n  # type: ignore[arg-type]


def probabilities(
    sizes: Sequence[int], sampling: Sampling, cap: int | None, temperature: float | None
) -> npt.NDArray[np.float64]:
    """Return the probability of each task for a step.

    `proportional`: p ~ n. `capped`: p ~ min(n, cap). `temperature`: p ~ min(n, cap)^(1/T), where
    the cap is optional. `uniform`: all are equal.
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
    """Return the probabilities if some tasks have a fixed share of the steps.

    The other tasks divide the rest in proportion to their probabilities.

    Args:
        chances: the result of `probabilities`.
        weights: the share of each task, or None. They sum to less than 1, or to 1 if all tasks
            have one.
    """
    given = np.array([weight or 0.0 for weight in weights])
    free = np.array([weight is None for weight in weights])
    found = np.where(free, chances, 0.0)
    rest = 1 - given.sum()
    found = given + (found * (rest / found.sum()) if free.any() else 0.0)
    scaled: npt.NDArray[np.float64] = found / found.sum()
    return scaled


def allotted(shares: npt.NDArray[np.float64], steps: int) -> npt.NDArray[np.int64]:
    """Return how many of the steps each task gets by its share, rounded by largest remainder."""
    exact = shares * steps
    found = np.floor(exact).astype(np.int64)
    left = steps - int(found.sum())
    found[np.argsort(found - exact, kind="stable")[:left]] += 1
    return found


def turns(
    chances: npt.NDArray[np.float64], steps: int, seed: int, *, exact: bool = False
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the order of tasks, which is fixed by the seed.

    Args:
        exact: give each task its share of the steps, in a random order, instead of drawing a task
            for each step.

    Returns:
        For each of the `steps`: the number of its task, and how many steps that task had before.
    """
    # Its own stream of random numbers, as batches are drawn with seeds of [seed, epoch].
    rng = np.random.default_rng([seed, 0, len(chances)])
    if exact:
        order = rng.permutation(np.repeat(np.arange(len(chances)), allotted(chances, steps)))
    else:
        order = rng.choice(len(chances), size=steps, p=chances)
    before = np.zeros(steps, dtype=np.int64)
    for task in range(len(chances)):
        mine = order == task
        before[mine] = np.arange(int(mine.sum()))
    return order, before
