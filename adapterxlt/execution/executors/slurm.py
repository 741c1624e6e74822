"""Runs steps as jobs of a SLURM cluster whose nodes share the work folder. No torch."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from adapterxlt.errors import UsageError
from adapterxlt.execution.away import own_folder
from adapterxlt.execution.board import tail
from adapterxlt.execution.executors import slurm_commands
from adapterxlt.execution.executors.executor import Ended, Work
from adapterxlt.execution.executors.options import Options
from adapterxlt.execution.executors.slurm_commands import (
    State,
    asked,
    check_taken,
    parameters,
    queue,
    submitit,
)
from adapterxlt.execution.executors.slurm_probe import check_node
from adapterxlt.execution.worker import Worker, output_to
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.progress import Silent
from adapterxlt.recipe.resources import Resources
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.sharing.remotes.address import holds_password
from adapterxlt.stages.running.context import Context
from adapterxlt.store.files import write_json
from adapterxlt.suggest import suggest

TRIES = 3  # attempts at a step whose job is gone
SETTINGS = ("partition", "account", "time", "gres", "qos", "constraint", "exclude", "reservation")
_GONE = 3  # a job is given up after so many looks that found neither it nor an answer
_SHOWN = 8  # how many lines of a log an error shows


class Task:
    """What a job does; submitit sends it to the node. A preempted job returns to the queue."""

    def __init__(self, document: str, step_id: str, log: str, answer: str, url: str) -> None:
        self.document, self.step_id, self.log, self.answer = document, step_id, log, answer
        self.url = url  # the remote that can be written, "" for none

    def __call__(self) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", os.environ.get("SLURM_CPUS_PER_TASK", "1"))
        document = Path(self.document)
        home = own_folder(document, self.url)
        exchange = Exchange(self.url, Silent()) if home is not None else None
        with output_to(Path(self.log)) as stream:
            ended = Worker(document, home, exchange).carry_out(self.step_id, stream)
        write_json(Path(self.answer), asdict(ended))

    def checkpoint(self) -> Any:
        """Tell submitit to run the same job again, which continues from the last checkpoint."""
        return submitit().helpers.DelayedSubmission(self)


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

    def __init__(
        self, settings: Mapping[str, str], detach: bool, confirm: Callable[[str], bool] | None
    ) -> None:
        self._settings, self._detach, self._confirm = settings, detach, confirm
        self._out: dict[str, PlannedStep] = {}
        self._jobs: dict[str, str] = {}  # step -> job; jobs of earlier runs are kept too
        self._tries: dict[str, int] = {}
        self._missed: dict[str, int] = {}
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
        try:
            known = json.loads((self._folder / "jobs.json").read_text(encoding="utf-8"))
            self._jobs = {str(step): str(job) for step, job in known.items()}
        except (OSError, ValueError, AttributeError):
            self._jobs = {}

    def submit(self, steps: Sequence[PlannedStep]) -> None:
        queued = queue()
        groups: dict[Resources, list[PlannedStep]] = {}
        for planned in steps:
            step_id = planned.step.id
            self._out[step_id] = planned
            job = self._jobs.get(step_id)
            if job is not None and job in queued:
                self._work.note(step_id, f"job {job} of an earlier run is working on it")
                continue
            self._answer(step_id).unlink(missing_ok=True)
            wanted = self._work.context.recipe.resources_of(planned.step.stage)
            groups.setdefault(wanted, []).append(planned)
        for wanted, group in groups.items():
            self._array(wanted, [planned.step.id for planned in group])
        write_json(self._folder / "jobs.json", self._jobs)

    def wait(self) -> Sequence[Ended]:
        if self._detach:
            return []
        while True:
            queued = queue()
            over = [ended for step_id in list(self._out) if (ended := self._look(step_id, queued))]
            if over:
                for ended in over:
                    del self._out[ended.step]
                return over
            time.sleep(slurm_commands.EVERY)

    def stop(self) -> None:
        jobs = [self._jobs[step_id] for step_id in self._out if step_id in self._jobs]
        if not jobs:
            return
        log = self._work.context.progress.log
        if (
            not self._detach
            and self._confirm is not None
            and self._confirm(f"cancel {len(jobs)} SLURM jobs?")
        ):
            subprocess.run(["scancel", *jobs], check=False)
            log(f"{len(jobs)} jobs cancelled")
        else:
            some = ", ".join(jobs[:5])
            log(
                f"{len(jobs)} jobs continue in SLURM: {some}; run the same command again to "
                "follow them"
            )
        self._out.clear()

    def _array(self, wanted: Resources, step_ids: Sequence[str]) -> None:
        work, exchange = self._work, self._work.context.exchange
        executor = submitit().SlurmExecutor(folder=self._folder)
        executor.update_parameters(
            job_name=f"adapterxlt-{work.context.recipe.name}", **parameters(wanted, self._settings)
        )
        with executor.batch():
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
            self._jobs[step_id] = str(job.job_id)
            self._missed[step_id] = 0

    def _answer(self, step_id: str) -> Path:
        return self._folder / f"{step_id.replace('/', '--')}.ended.json"

    def _look(self, step_id: str, queued: Mapping[str, State]) -> Ended | None:
        """Return how a step ended; None while it is not over."""
        try:
            return Ended(**json.loads(self._answer(step_id).read_text(encoding="utf-8")))
        except (OSError, ValueError):
            pass
        job = self._jobs[step_id]
        if job in queued:
            state, node = queued[job]
            self._missed[step_id] = 0
            if state == "RUNNING" and step_id not in self._begun:
                self._begun.add(step_id)
                self._work.began(step_id, f"job {job} on {node}")
            elif state == "PENDING" and step_id in self._begun:
                self._begun.discard(step_id)
                self._work.note(step_id, f"job {job} is in the queue again")
            return None
        self._missed[step_id] = missed = self._missed.get(step_id, 0) + 1
        if missed < _GONE:  # a shared disk may be slow to show the answer
            return None
        self._begun.discard(step_id)
        self._tries[step_id] = tries = self._tries.get(step_id, 0) + 1
        if tries < TRIES:
            self._work.note(step_id, f"job {job} is gone; attempt {tries + 1} of {TRIES}")
            self.submit([self._out[step_id]])
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
