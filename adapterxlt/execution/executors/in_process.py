"""Runs the steps one after the other, in this process. No torch."""

from __future__ import annotations

import traceback
from collections.abc import Sequence

from adapterxlt import interrupt
from adapterxlt.errors import AdapterXLTError
from adapterxlt.execution.executors.executor import Ended, Work
from adapterxlt.execution.executors.options import Options
from adapterxlt.execution.step import ensure
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.stages.running.context import Context


class InProcess:
    """Computes a step when it is waited for."""

    name = "in-process"
    slots = 1

    def __init__(self) -> None:
        self._work: Work | None = None
        self._next: list[PlannedStep] = []

    def check(self, context: Context) -> None:
        """It can always work."""

    def start(self, work: Work) -> None:
        self._work = work

    def submit(self, steps: Sequence[PlannedStep]) -> None:
        self._next += steps

    def wait(self) -> Sequence[Ended]:
        assert self._work is not None
        interrupt.check()  # a training ends as a whole if the signal comes in its last step
        planned = self._next.pop(0)
        self._work.began(planned.step.id, "this process")
        try:
            return [Ended(planned.step.id, computed=ensure(planned, self._work.context))]
        except AdapterXLTError as error:
            return [Ended(planned.step.id, error=str(error))]
        except Exception as error:  # as in a worker: what does not need this step goes on
            self._work.context.progress.log(traceback.format_exc().rstrip())
            return [Ended(planned.step.id, error=f"{type(error).__name__}: {error}")]

    def stop(self) -> None:
        self._next.clear()


def make(options: Options) -> InProcess:
    """The executor of this process, as the registry makes it."""
    return InProcess()
