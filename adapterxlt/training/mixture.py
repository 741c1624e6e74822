"""The steps of a training on several tasks. The sampling draws one task for every step; shares of
the steps are kept exactly, in a random order.

An epoch has as many steps as its tasks have alone, on all of their inputs, or on min(n, cap) of
each task if a cap is used (jiant's rule, `SimpleAPIMultiTaskConfigurator`). So one epoch of a
proportional mixture shows each input once on average, or more often if small tasks do not fill
their batches; with a cap this holds for the tasks smaller than the cap. If tasks have shares of the
steps, an epoch becomes longer by these shares, so that the other tasks get as many steps as
without them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adapterxlt.batching.mixing import counted, probabilities, shared, turns
from adapterxlt.recipe.schema import Training
from adapterxlt.training.steps import StepData, Steps, StepSequence, epoch_ends


class MixedSteps(StepSequence):
    """All steps of a mixture. Item i is optimizer step i.

    Args:
        parts: the steps of each task alone. How many steps a task has on its own does not matter.
        settings: the sampling, seed, batch size and length of the training.
        weights: the share of the steps that each part asks for; None: the sampling decides.
    """

    def __init__(
        self,
        parts: Sequence[Steps],
        settings: Training,
        weights: Sequence[float | None] | None = None,
    ) -> None:
        self.parts = parts
        self.seed = settings.seed or 0
        sizes = [len(part.features) for part in parts]
        self.chances = probabilities(
            sizes, settings.sampling, settings.sampling_cap, settings.temperature
        )
        counts = counted(sizes, settings.sampling, settings.sampling_cap)
        steps = -(-counts // settings.batch_size)
        per_epoch = float(steps.sum())
        weights = weights or [None] * len(parts)
        if any(weights):
            self.chances = shared(self.chances, weights)
            free = np.array([weight is None for weight in weights])
            if free.any():
                per_epoch = float(steps[free].sum() / self.chances[free].sum())
        self.total = settings.max_steps or max(1, round((settings.epochs or 1) * per_epoch))
        self.epoch_ends = epoch_ends(per_epoch, self.total)
        self.tail = max(1, round(0.1 * self.total))
        self.order, self._before = turns(self.chances, self.total, self.seed, exact=any(weights))

    def __len__(self) -> int:
        return self.total

    def __getitem__(self, step: int) -> StepData:
        part = self.parts[int(self.order[step])]
        return part[int(self._before[step])]
