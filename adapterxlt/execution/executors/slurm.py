"""Runs steps as jobs of a SLURM cluster whose nodes share the work folder. No torch."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from adapterxlt.errors import UsageError
from adapterxlt.execution.board import tail
from adapterxlt.execution.executors.executor import Ended, Work
from adapterxlt.execution.executors.options import Options
from adapterxlt.execution.slurm import commands as slurm_commands
from adapterxlt.execution.slurm import shared as slurm_shared
from adapterxlt.execution.slurm.arrays import largest_array, refusals, submit_all
from adapterxlt.execution.slurm.commands import (
    State,
    asked,
    check_taken,
    parameters,
    submitit,
)
from adapterxlt.execution.slurm.held import Held
from adapterxlt.execution.slurm.jobs import Jobs
from adapterxlt.execution.slurm.probe import check_node
from adapterxlt.execution.slurm.queue import Queue
from adapterxlt.execution.slurm.shared import finished, refresh
from adapterxlt.execution.slurm.task import Task
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.recipe.resources import Resources
from adapterxlt.sharing.remotes.address import holds_password
from adapterxlt.stages.running.context import Context
from adapterxlt.suggest import suggest

TRIES = 3  # attempts at a step whose job is gone
SETTINGS = ("partition", "account", "time", "gres", "qos", "constraint", "exclude", "reservation")
_SHOWN = 8  # how many lines of a log an error shows


class Slurm:
    """Hands all ready steps to SLURM, in one job array for each kind of resources.

    The jobs go on when this process ends. The same run finds them when it is started again.

    Args:
        settings: the settings of `--slurm`.
        detach: whether to leave as soon as the ready steps are submitted.
        confirm: asks the user a question; None where nobody can answer.
    """

    name = "slurm"
    slots = 10_000
    elsewhere = True

    def __init__(
        self, settings: Mapping[str, str], detach: bool, confirm: Callable[[str], bool] | None
    ) -> None:
        self._settings, self._detach, self._confirm = settings, detach, confirm
        self._out: dict[str, PlannedStep] = {}
        self._over: list[Ended] = []  # to be reported by `wait`
        self._again: list[PlannedStep] = []  # to be submitted again, as their jobs are gone
        self._missing: dict[str, float] = {}  # step -> since when its job is not in the queue
        self._begun: set[str] = set()

    def check(self, context: Context) -> None:
        """Check that SLURM would take the jobs, and that a node sees what they need."""
        if shutil.which("sbatch") is None:
            raise UsageError(
                "--on slurm: this machine has no `sbatch`",
                hint="run the command on a login node of the cluster",
            )
        if context.exchange and holds_password(context.exchange.url):
            raise UsageError(
                f"store.remotes: {context.exchange.shown}: jobs of SLURM read this address from "
                "files in the work folder, where others may read its password",
                hint="leave the password out of the address, and use an SSH key",
            )
        partitions = sorted(set(asked("sinfo", "-h", "-o", "%R").split()))
        partition = self._settings.get("partition")
        if partition is not None and partition not in partitions:
            raise UsageError(
                f"--slurm partition={partition}: SLURM does not have this partition",
                hint=suggest(partition, partitions),
            )
        stages: dict[Resources, str] = {}  # one stage for each kind of resources
        for planned in context.plan.steps:
            if planned.status != "done":
                wanted = context.recipe.resources_of(planned.step.stage)
                stages.setdefault(wanted, planned.step.stage)
        for wanted, stage in stages.items():
            check_taken(wanted, self._settings, f"stages.{stage}")
        if not self._detach and any(planned.status != "done" for planned in context.plan.steps):
            check_node(context, self._settings)

    def start(self, work: Work) -> None:
        self._work = work
        self._folder = work.folder / "slurm"
        self._folder.mkdir(parents=True, exist_ok=True)
        log = work.context.progress.log
        self._jobs = Jobs(self._folder / "jobs.json")  # also those of earlier runs
        self._queue, self._held = Queue(log), Held(log)

    def submit(self, steps: Sequence[PlannedStep]) -> None:
        queued = self._queue.wait()
        refresh(self._folder)
        fresh = []
        for planned in steps:
            step_id = planned.step.id
            self._out[step_id] = planned
            if step_id not in self._jobs.ids or not self._taken_up(planned, queued):
                fresh.append(planned)
        self._hand_in(fresh)
        if self._detach:
            self._leave_held()

    def wait(self) -> Sequence[Ended]:
        while not self._over and not self._detach:
            self._see()
            if not self._over:
                time.sleep(slurm_commands.EVERY)
        over, self._over = self._over, []
        for ended in over:
            del self._out[ended.step]
            self._jobs.forget(ended.step)  # in the file only later, when the run has recorded it
        return over

    def stop(self) -> None:
        if not hasattr(self, "_jobs"):  # it never started
            return
        ids = self._jobs.ids
        jobs = [ids[step_id] for step_id in self._out if step_id in ids]
        if jobs:
            self._leave(jobs)
        self._out.clear()
        self._jobs.save()

    def _leave(self, jobs: Sequence[str]) -> None:
        """Cancel the jobs that are out if the user wants that, or say that they continue."""
        log = self._work.context.progress.log
        if (
            not self._detach
            and self._confirm is not None
            and self._confirm(f"cancel {len(jobs)} SLURM jobs?")
        ):
            subprocess.run(["scancel", *jobs], check=False)
            for step_id in self._out:  # a job that the user cancels does not count as failed
                self._jobs.lost.pop(step_id, None)
            log(f"{len(jobs)} jobs cancelled")
        else:
            some = ", ".join(jobs[:5])
            log(
                f"{len(jobs)} jobs continue in SLURM: {some}; run the same command again to "
                "follow them"
            )

    def _taken_up(self, planned: PlannedStep, queued: Mapping[str, State]) -> bool:
        """Whether the job that an earlier run left is at work, or what became of it is known."""
        step_id = planned.step.id
        job = self._jobs.ids[step_id]
        if ended := self._answered(step_id):
            store, exchange = self._work.context.store, self._work.context.exchange
            if not ended.error and not exchange and not finished(store, planned.fingerprint):
                return False  # its result was removed from the store since
            self._work.note(step_id, f"job {job} of an earlier run has ended")
        elif job in queued:
            self._work.note(step_id, f"job {job} of an earlier run is working on it")
            return True
        else:
            ended = self._lost(planned)
        if ended:
            self._over.append(ended)
        return ended is not None

    def _hand_in(self, steps: Sequence[PlannedStep], first: int | None = None) -> None:
        """Submit steps; hold those that SLURM refuses.

        Args:
            first: how many jobs the first array has; None: as many as an array may have.
        """
        groups: dict[Resources, list[PlannedStep]] = {}
        for planned in steps:
            step_id = planned.step.id
            self._jobs.ids.pop(step_id, None)
            self._missing.pop(step_id, None)
            self._answer(step_id).unlink(missing_ok=True)
            wanted = self._work.context.recipe.resources_of(planned.step.stage)
            groups.setdefault(wanted, []).append(planned)
        largest = largest_array() if len(steps) > 1 else 1
        for wanted, group in groups.items():
            step_ids = [planned.step.id for planned in group]
            refused = submit_all(step_ids, partial(self._array, wanted), largest, first or largest)
            if refused is not None:
                self._held.add([p for p in group if p.step.id not in self._jobs.ids], refused)
        self._jobs.save()

    def _leave_held(self) -> None:
        """Say what becomes of the steps that SLURM has refused if nobody waits."""
        if not self._held.steps:
            return
        if not self._jobs.ids.keys() & self._out.keys():
            self._over += self._held.fail()
            return
        left = self._held.take()
        for planned in left:
            del self._out[planned.step.id]
        count = "one step is" if len(left) == 1 else f"{len(left)} steps are"
        self._work.context.progress.log(
            f"{count} not submitted: run the same command again when jobs have ended"
        )

    def _array(self, wanted: Resources, step_ids: Sequence[str]) -> None:
        work, exchange = self._work, self._work.context.exchange
        executor = submitit().SlurmExecutor(folder=self._folder)
        executor.update_parameters(
            job_name=f"adapterxlt-{work.context.recipe.name}", **parameters(wanted, self._settings)
        )
        with refusals(self._folder), executor.batch():
            jobs = [
                executor.submit(
                    Task(
                        str(work.document),
                        step_id,
                        str(work.log(step_id)),
                        str(self._answer(step_id)),
                        exchange.url if exchange else "",
                    )
                )
                for step_id in step_ids
            ]
        for step_id, job in zip(step_ids, jobs, strict=True):
            self._jobs.ids[step_id] = str(job.job_id)
        self._jobs.save()  # now, as the next array may be refused or interrupted

    def _answer(self, step_id: str) -> Path:
        return self._folder / f"{step_id.replace('/', '--')}.ended.json"

    def _answered(self, step_id: str) -> Ended | None:
        """Return the answer that the job of a step has written; None if there is none yet."""
        try:
            return Ended(**json.loads(self._answer(step_id).read_text(encoding="utf-8")))
        except (OSError, ValueError):
            return None

    def _see(self) -> None:
        """Look once at all steps that are out."""
        queued = self._queue.look()
        refresh(self._folder)
        for step_id in list(self._out):
            if ended := self._look(step_id, queued):
                self._over.append(ended)
        again, self._again = self._again, []
        self._hand_in(again)
        self._over += self._held.given_up(bool(self._jobs.ids.keys() & self._out.keys()))
        self._hand_in(self._held.due(), first=1)

    def _look(self, step_id: str, queued: Mapping[str, State] | None) -> Ended | None:
        """Return how a step ended; None while it is not over.

        Args:
            queued: the queue; None if SLURM does not answer at the moment.
        """
        job = self._jobs.ids.get(step_id)
        if job is None:  # SLURM has refused it so far
            return None
        if ended := self._answered(step_id):
            return ended
        if queued is None:
            return None
        if job in queued:
            state, node = queued[job]
            self._missing.pop(step_id, None)
            if state == "RUNNING" and step_id not in self._begun:
                self._begun.add(step_id)
                self._work.began(step_id, f"job {job} on {node}")
            elif state == "PENDING" and step_id in self._begun:
                self._begun.discard(step_id)
                self._work.note(step_id, f"job {job} is in the queue again")
            return None
        now = time.monotonic()
        if now - self._missing.setdefault(step_id, now) < slurm_shared.GONE:
            return None
        self._begun.discard(step_id)
        ended = self._lost(self._out[step_id])
        if ended is None:
            self._again.append(self._out[step_id])
        return ended

    def _lost(self, planned: PlannedStep) -> Ended | None:
        """Return how a step ended whose job is gone; None if it is to be submitted again."""
        step_id = planned.step.id
        if finished(self._work.context.store, planned.fingerprint):
            return Ended(step_id)
        job = self._jobs.ids[step_id]
        lost = self._jobs.lose(step_id)
        if lost < TRIES:
            self._work.note(step_id, f"job {job} is gone; attempt {lost + 1} of {TRIES}")
            return None
        log = self._work.log(step_id)
        lines = "".join(f"\n    {line}" for line in tail(log, _SHOWN))
        return Ended(
            step_id, error=f"its job was gone in {TRIES} attempts\n  {log} ends with:{lines}"
        )


def make(options: Options) -> Slurm:
    """The executor of SLURM, as the registry makes it.

    Raises:
        MissingPackageError: submitit is not installed.
        UsageError: a setting is not known.
    """
    submitit()
    for key in options.settings:
        if key not in SETTINGS:
            raise UsageError(f"--slurm {key}=...: is not a setting", hint=suggest(key, SETTINGS))
    return Slurm(options.settings, options.detach, options.confirm)
