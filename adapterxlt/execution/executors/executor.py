"""The interface of executors: they take ready steps and report which have ended. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from adapterxlt.plan.steps import PlannedStep
from adapterxlt.stages.running.context import Context


@dataclass(frozen=True)
class Ended:
    """A step that is over.

    Args:
        step: its id.
        computed: False where the store had it already.
        error: why it failed; "" if it did not.
        beside: what `store.beside` keeps of it, where that is not in the run's own store.
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
        folder: of logs, one per step.
        document: the file that `worker.Worker` makes plan and context from.
        began: to be called with a step's id and where it runs when its work begins.
        note: to be called with a step's id and what the user should know of it.
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
    """Carries out steps; what is around them (order, failures, results) is not its concern.

    Whoever computes a step calls `execution.step.ensure`, or has a `worker.Worker` do so.
    """

    name: str
    slots: int  # how many steps it takes at a time

    def check(self, context: Context) -> None:
        """Check before any work that the executor can work.

        Raises:
            AdapterXLTError: says why not, and what to do.
        """

    def start(self, work: Work) -> None:
        """Be ready for steps; called once, after `check`."""

    def submit(self, steps: Sequence[PlannedStep]) -> None:
        """Take steps whose inputs are in the store, at most one per free slot."""

    def wait(self) -> Sequence[Ended]:
        """Wait until steps that were taken are over, at least one; none where nobody is to wait."""

    def stop(self) -> None:
        """Leave nothing running; what is finished stays. Also called after Ctrl-C."""
