"""Hands out the steps of a plan in an order that respects their inputs. No torch.

A step that fails does not stop steps that do not need it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from adapterxlt.errors import AdapterXLTError
from adapterxlt.execution.board import Board
from adapterxlt.execution.executors.executor import Ended, Executor
from adapterxlt.execution.executors.in_process import InProcess
from adapterxlt.execution.outcome import RunResult
from adapterxlt.execution.step import pull_ahead
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.progress_lines import duration
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.stages.running.context import Context
from adapterxlt.store.beside import write_beside


class Drive:
    """Hands out steps and records how they end.

    Args:
        context: the run.
        executor: carries the steps out.
        outcome: the result of the run, to which ended steps are added.
        board: the state of the steps, which is kept up to date.
    """

    def __init__(
        self, context: Context, executor: Executor, outcome: RunResult, board: Board
    ) -> None:
        self.context, self.executor, self.outcome = context, executor, outcome
        self.board = board
        # The steps run in this process, whose own messages say enough.
        self.alone = isinstance(executor, InProcess)
        self._left = {planned.step.id: planned for planned in context.plan.steps}
        self._out: dict[str, PlannedStep] = {}
        self._over: set[str] = set()

    def run(self) -> None:
        """Run until no step is left."""
        while self._left or self._out:
            if ready := self._ready():
                for planned in ready:
                    self.board.mark(planned.step.id, "queued")
                    self._out[planned.step.id] = planned
                self.executor.submit(ready)
            self.board.write()
            if self._out:
                over = self.executor.wait()
                if not over:  # the steps go on without this process
                    return
                for ended in over:
                    self._end(ended)

    def began(self, step_id: str, where: str) -> None:
        """Note that work on a step begins."""
        self.board.mark(step_id, "running", where=where)
        self.board.write()
        if not self.alone:
            self.context.progress.log(f"{step_id}: started in {where}")

    def note(self, step_id: str, message: str) -> None:
        """Report what happens to a step."""
        self.board.mark(step_id, "queued", message=message)
        self.context.progress.log(f"{step_id}: {message}")

    def pull(self) -> None:
        """Fetch what remotes have, so that the workers that compute the rest need no network."""
        for planned in list(self._left.values()):
            if planned.status == "remote" and pull_ahead(planned, self.context):
                del self._left[planned.step.id]
                self._exchanged(planned)
                self._finished(planned, computed=False)

    def _ready(self) -> list[PlannedStep]:
        """Return the steps to hand out now, in plan order; skip those that cannot be done."""
        found: list[PlannedStep] = []
        for step_id, planned in list(self._left.items()):
            if len(self._out) + len(found) >= self.executor.slots:
                break
            lost = self._lost(planned)
            if not lost and not all(name in self._over for name in planned.step.inputs):
                continue
            del self._left[step_id]
            if lost:
                message = f"it needs {', '.join(lost)}"
                self.outcome.skipped.append(step_id)
                self.board.mark(step_id, "skipped", message=message)
                self.context.progress.log(f"{step_id}: skipped, {message}")
            elif planned.status == "done":
                self._exchanged(planned)
                self._finished(planned, computed=False)
            else:
                found.append(planned)
        return found

    def _lost(self, planned: PlannedStep) -> list[str]:
        outcome = self.outcome
        return [
            name
            for name in planned.step.inputs
            if name in outcome.failed or name in outcome.skipped
        ]

    def _end(self, ended: Ended) -> None:
        planned = self._out.pop(ended.step)
        if not ended.error:
            write_beside(self.context.store, planned.fingerprint, ended.beside)
            ended = replace(ended, error=self._exchanged(planned, ended.computed))
        if not ended.error:
            self._finished(planned, ended.computed)
            if not self.alone:
                line = self.board.lines[ended.step]
                took = duration(line.ended - line.began) if line.began else ""
                how = (
                    f"done in {took}" if ended.computed else ("done by another run in the meantime")
                )
                self.context.progress.log(f"{ended.step}: {how}")
            return
        self.outcome.failed[ended.step] = ended.error
        self.board.mark(ended.step, "failed", message=ended.error)
        self.context.store.record_failure(
            planned.fingerprint, ended.step, ended.error, recipe=self.context.recipe.name
        )
        self.context.progress.log(f"{ended.step}: failed: {ended.error}")

    def _exchanged(self, planned: PlannedStep, computed: bool = False) -> str:
        """Make sure that both the remote and the store have a step.

        Args:
            computed: whether this run has computed it. If another run was faster, the result of
                that run replaces it.

        Returns:
            why the store does not have it; "" if it does.
        """
        exchange, store = self.context.exchange, self.context.store
        if exchange is None:
            return ""
        name, address = planned.step.id, planned.fingerprint
        here = store.whole(address) is not None
        try:
            if here:
                exchange.push(address, store)
            if here and not computed:
                return ""
            with store.lock(address, say=self.context.progress.log):
                if exchange.pull(address, store):
                    return ""
            return f"it is done, but neither in {store.root} nor in {exchange.shown}"
        except AdapterXLTError as error:
            if not here:
                return f"it is done, but cannot be pulled: {error}"
            self.context.progress.log(f"warning: {name}: not pushed: {error.message}")
            return ""

    def _finished(self, planned: PlannedStep, computed: bool) -> None:
        step = planned.step
        self._over.add(step.id)
        self.board.mark(step.id, "done" if computed else "there")
        (self.outcome.done if computed else self.outcome.reused).append(step.id)
        if KINDS[step.kind].makes_model:
            path: Path = self.context.store.path(planned.fingerprint)
            self.outcome.outputs[step.id] = path
