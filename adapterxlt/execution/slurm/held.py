"""Keeps the steps whose jobs SLURM has refused, until it accepts them. No torch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from adapterxlt.execution.executors.executor import Ended
from adapterxlt.execution.slurm import queue as slurm_queue
from adapterxlt.execution.slurm.arrays import RefusedError
from adapterxlt.plan.steps import PlannedStep

AGAIN = 30.0  # seconds between attempts to submit what was refused


class Held:
    """Steps that SLURM has refused: a user may have too many jobs, say.

    Args:
        log: called with a message when SLURM refuses steps for another reason than before.
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._said = ""
        self._next = 0.0  # when to try again
        self._alone: float | None = None  # since when no other job of the run is out
        self.steps: list[PlannedStep] = []
        self.error: RefusedError | None = None

    def add(self, steps: Sequence[PlannedStep], error: RefusedError) -> None:
        """Keep steps that SLURM has refused."""
        self.steps += steps
        self.error = error
        self._next = time.monotonic() + AGAIN
        if error.said != self._said:
            self._said = error.said
            jobs = "one job" if len(steps) == 1 else f"{len(steps)} jobs"
            self._log(f"SLURM does not accept {jobs} at the moment: {error.said}")

    def due(self) -> list[PlannedStep]:
        """Return the steps to try again now; they are held no longer."""
        if not self.steps or time.monotonic() < self._next:
            return []
        return self.take()

    def take(self) -> list[PlannedStep]:
        """Return all steps; they are held no longer."""
        steps, self.steps = self.steps, []
        return steps

    def given_up(self, busy: bool) -> list[Ended]:
        """Return the steps that fail, because nothing that could make room will end.

        Args:
            busy: whether other jobs of the run are out.
        """
        if busy or not self.steps:
            self._alone = None
            if not self.steps:
                self._said = ""
            return []
        now = time.monotonic()
        if self._alone is None:
            self._alone = now
        return self.fail() if now - self._alone >= slurm_queue.PATIENCE else []

    def fail(self) -> list[Ended]:
        """Return all steps as failed; they are held no longer."""
        return [Ended(planned.step.id, error=str(self.error)) for planned in self.take()]
