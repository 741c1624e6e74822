"""The amounts of a trial."""

from __future__ import annotations

import math

from adapterxlt.recipe.schema import Training


def least(count: int, cap: int | None) -> int:
    """A cap of a trial."""
    return count if cap is None else min(count, cap)


def one_epoch(settings: Training, examples: int) -> dict[str, object]:
    """The settings of a trial: one epoch, or `max_steps` if an epoch is as many steps or more."""
    steps = settings.max_steps
    if steps is not None and steps <= max(1, math.ceil(examples / settings.batch_size)):
        return {}
    return {"epochs": 1, "max_steps": None}
