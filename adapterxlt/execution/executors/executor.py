"""The interface of executors: they take ready steps and report which have ended. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from adapterxlt.plan.steps import PlannedStep
from adapterxlt.stages.running.context import Context

PATIENCE = 20.0  # seconds for trainings to write checkpoints when the run stops
WAITING = f"waiting up to {PATIENCE:.0f} s for checkpoints; press Ctrl-C again to stop at once"


@dataclass(frozen=True)
class Ended:
    """A step that is over.

    Args:
        step: its id.
        computed: False if the store had it already.
        error: why it failed; "" if it did not.
        beside: what `store.beside` keeps for it, if the worker has a store of its own.
    """

    step: str
    computed: bool = True
    error: str = ""
    beside: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """The run whose steps an executor carries out.

    Args:
        context: the run.
        folder: the folder of the logs, one per step.
        document: the file from which `worker.Worker` makes the plan and the context.
        began: called when work on a step begins, with its id and the place where it runs.
        note: called with a step's id and a message for the user about it.
    """

    context: Context
    folder: Path
    document: Path
    began: Callable[[str, str], None]
    note: Callable[[str, str], None]

    def log(self, step_id: str) -> Path:
        """The log file of a step."""
        return self.folder / f"{step_id.replace('/', '--')}.log"


class Executor(Protocol):
    """Carries out steps; it does not care about their order, failures or results.

    Whoever computes a step calls `execution.step.ensure`, or has a `worker.Worker` do so. An
    executor of other machines says `elsewhere = True`; then nothing is asked of this machine's
    devices.
    """

    name: str
    slots: int  # how many steps it takes at a time

    def check(self, context: Context) -> None:
        """Check before any work that the executor can work.

        Raises:
            AdapterXLTError: it cannot; the error says why, and what to do.
        """

    def start(self, work: Work) -> None:
        """Be ready for steps; called once, after `check`."""

    def submit(self, steps: Sequence[PlannedStep]) -> None:
        """Take steps whose inputs are in the store, at most one per free slot."""

    def wait(self) -> Sequence[Ended]:
        """Wait until at least one of the taken steps is over.

        Returns:
            the steps that are over; none if the run should leave without waiting.
        """

    def stop(self) -> None:
        """Leave nothing running; what is finished stays. Also called after Ctrl-C."""
