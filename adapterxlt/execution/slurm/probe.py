"""Runs a small job that tells whether a SLURM node can do its part of a run. No torch."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from adapterxlt.errors import UsageError
from adapterxlt.execution.board import LOGS_FOLDER, tail
from adapterxlt.execution.executors.probe import Answer, Question, answer, question
from adapterxlt.execution.job import SHARED_DISK
from adapterxlt.execution.slurm import commands as slurm_commands
from adapterxlt.execution.slurm import shared as slurm_shared
from adapterxlt.execution.slurm.arrays import refusals
from adapterxlt.execution.slurm.commands import parameters, submitit
from adapterxlt.execution.slurm.queue import Queue
from adapterxlt.execution.slurm.shared import refresh
from adapterxlt.recipe.resources import Resources
from adapterxlt.stages.running.context import Context
from adapterxlt.store.environment import environment, environment_changes
from adapterxlt.store.files import address_of, write_atomic, write_json

_MINUTES = "10"  # the job's time limit; a job with a short limit waits less
_SHOWN = 8  # how many lines of its output an error shows
_PASSED = "slurm-probes"


class Ask:
    """What the job does; submitit carries it there."""

    def __init__(self, asked: Question, file: Path) -> None:
        self.asked, self.file = asked, file

    def __call__(self) -> None:
        write_json(self.file, asdict(answer(self.asked)))


def check_node(context: Context, settings: Mapping[str, str]) -> None:
    """Have a node answer, unless one did with the same settings, versions, data and backbone.

    Raises:
        UsageError: the node does not see what jobs need, or it cannot even answer.
        AdapterXLTError: SLURM refuses the job, or does not answer for a long time.
    """
    folder = context.store.root.parent.absolute() / LOGS_FOLDER / _PASSED
    sources = context.sources
    passed = folder / address_of(
        {
            "settings": {key: value for key, value in settings.items() if key != "time"},
            "versions": environment(),
            "needed": [str(path.absolute()) for path in (sources.backbone.path, *sources.roots)],
        }
    )
    if passed.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    with question(context) as asked:
        said = _ask(asked, folder, settings, context)
    node = f"the SLURM node {said.where}"
    if said.problem:
        raise UsageError(f"{node} {said.problem}", hint=said.hint)
    if changed := environment_changes(environment(), said.versions):
        context.progress.log(f"note: {node} has different versions: {', '.join(changed)}")
    write_atomic(passed, "")


def _ask(asked: Question, folder: Path, settings: Mapping[str, str], context: Context) -> Answer:
    file = folder / f"{asked.token.name}.json"
    executor = submitit().SlurmExecutor(folder=folder)
    wanted = parameters(Resources(), {**settings, "time": _MINUTES})
    executor.update_parameters(job_name="adapterxlt-probe", **wanted)
    with refusals(folder):
        job = str(executor.submit(Ask(asked, file)).job_id)
    log = context.progress.log
    log(f"job {job} asks a node of SLURM whether it sees what stages need")
    try:
        _await(file, job, Queue(log))
        return Answer(**json.loads(file.read_text(encoding="utf-8")))
    except KeyboardInterrupt:
        subprocess.run(["scancel", job], check=False)
        raise
    finally:
        file.unlink(missing_ok=True)


def _await(file: Path, job: str, jobs: Queue) -> None:
    """Wait for the answer of a job.

    Raises:
        UsageError: the job is gone, and has not answered.
        AdapterXLTError: SLURM does not answer for a long time.
    """
    missing: float | None = None  # since when the job is not in the queue
    while True:
        queued = jobs.look()
        refresh(file.parent)  # after the look: a job that has left the queue has answered before
        if file.exists():
            return
        now = time.monotonic()
        if queued is not None and job in queued:
            missing = None
        elif queued is not None:
            missing = now if missing is None else missing
            if now - missing >= slurm_shared.GONE:
                raise _no_answer(job, file.parent)
        time.sleep(slurm_commands.EVERY)


def _no_answer(job: str, folder: Path) -> UsageError:
    """Return the error for a job that has ended without an answer."""
    output = folder / f"{job}_0_log.err"
    lines = "".join(f"\n    {line}" for line in tail(output, _SHOWN))
    if not lines:
        return UsageError(
            f"job {job} ran on a node of SLURM, but nothing of it is in {folder}: the node does "
            "not see this folder",
            hint=SHARED_DISK,
        )
    return UsageError(
        f"a node of SLURM cannot work: job {job} gave no answer\n  {output} ends with:{lines}",
        hint="nodes need the same Python and packages at the same path",
    )
