"""The steps of a training on several tasks: every step is one task's, drawn by the sampling.

An epoch of a mixture is as many inputs as its tasks count in the sampling: all of them, or
min(n, cap) of each where a cap is used. So one epoch of a proportional (or capped) mixture
shows each input (each of a small task) once on average.
"""

from __future__ import annotations

from collections.abc import Sequence

from adapterxlt.batching.mixing import counted, probabilities, turns
from adapterxlt.recipe.schema import Training
from adapterxlt.training.steps import StepData, Steps, StepSequence, epoch_ends


class MixedSteps(StepSequence):
    """All steps of a mixture, item i being optimizer step i.

    Args:
        parts: the steps of each task alone; how many it would take on its own does not matter.
        settings: the sampling, seed, batch size and length of the training.
    """

    def __init__(self, parts: Sequence[Steps], settings: Training) -> None:
        self.parts = parts
        self.seed = settings.seed or 0
        sizes = [len(part.features) for part in parts]
        self.chances = probabilities(
            sizes, settings.sampling, settings.sampling_cap, settings.temperature
        )
        inputs = int(counted(sizes, settings.sampling, settings.sampling_cap).sum())
        per_epoch = inputs / settings.batch_size
        self.total = settings.max_steps or max(1, round((settings.epochs or 1) * per_epoch))
        self.epoch_ends = epoch_ends(per_epoch, self.total)
        self.tail = max(1, round(0.1 * self.total))
        self.order, self._before = turns(self.chances, self.total, self.seed)

    def __len__(self) -> int:
        return self.total

    def __getitem__(self, step: int) -> StepData:
        part = self.parts[int(self.order[step])]
        return part[int(self._before[step])]
