"""A cluster that accepts jobs and runs none, and an executor that submits to it."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from adapterxlt.execution.executors import slurm
from adapterxlt.execution.executors.executor import Work
from adapterxlt.execution.slurm import commands as slurm_commands
from adapterxlt.execution.slurm import shared as slurm_shared
from adapterxlt.execution.slurm.jobs import Jobs
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.progress import Silent
from adapterxlt.recipe.resources import Resources
from adapterxlt.stages.running.context import Context
from adapterxlt.store.store import Store

# Commands of a cluster that only remembers its jobs. $CLUSTER holds its state: `queue` is what
# squeue says, `silent` makes it fail, `room` is how many jobs it still accepts.
COMMANDS = {
    "sinfo": "echo main",
    "srun": "exit 0",
    "scontrol": "echo 'MaxArraySize            = 4'",
    "scancel": 'for job; do sed -i "/^$job|/d" $CLUSTER/queue; done',
    "squeue": """
if [ -e $CLUSTER/silent ]; then
    echo "slurm_load_jobs error: Socket timed out on send/recv operation" >&2
    exit 1
fi
cat $CLUSTER/queue""",
    "sbatch": """
if [ "$1" = --test-only ]; then cat $CLUSTER/test >&2; [ ! -s $CLUSTER/test ]; exit; fi
last=$(sed -n 's/.*--array=0-\\([0-9]*\\)%.*/\\1/p' "$1")
room=$(cat $CLUSTER/room)
jobs=$((${last:-0} + 1))
if [ $jobs -gt $room ]; then
    echo "sbatch: error: QOSMaxSubmitJobPerUserLimit" >&2
    echo "sbatch: error: Batch job submission failed: Job violates accounting/QOS policy" >&2
    exit 1
fi
echo $((room - jobs)) > $CLUSTER/room
id=$(($(cat $CLUSTER/count) + 1))
echo $id > $CLUSTER/count
echo $jobs >> $CLUSTER/arrays
if [ -z "$last" ]; then
    echo "$id|PENDING|" >> $CLUSTER/queue
else
    for task in $(seq 0 $last); do echo "${id}_$task|PENDING|" >> $CLUSTER/queue; done
fi
echo "Submitted batch job $id"
""",
}


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state of a cluster that accepts a hundred jobs, and runs none."""
    pytest.importorskip("submitit", reason="submitit is not installed")
    commands, folder = tmp_path / "bin", tmp_path / "cluster"
    commands.mkdir()
    folder.mkdir()
    for name, text in COMMANDS.items():
        (commands / name).write_text(f"#!/bin/sh\n{text}\n")
        (commands / name).chmod(0o755)
    for name, text in {"queue": "", "test": "", "arrays": "", "count": "0", "room": "100"}.items():
        (folder / name).write_text(text)
    monkeypatch.setenv("PATH", str(commands), prepend=os.pathsep)
    monkeypatch.setenv("CLUSTER", str(folder))
    monkeypatch.setattr(slurm_commands, "EVERY", 0.0123)
    monkeypatch.setattr(slurm_shared, "GONE", 0.0)
    return folder


class Heard(Silent):
    """Progress that keeps what is logged."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, message: str) -> None:
        self.lines.append(message)


def started(tmp_path: Path, *, detach: bool = False) -> tuple[slurm.Slurm, Heard]:
    """An executor of a run in `tmp_path/run`, and what it logs."""
    heard = Heard()
    recipe = SimpleNamespace(
        name="r", resources_of=lambda stage: Resources(gpus=1 if "gpu" in stage else None)
    )
    context = SimpleNamespace(
        recipe=recipe, exchange=None, store=Store(tmp_path / "store"), progress=heard
    )
    executor = slurm.Slurm({}, detach, None)
    executor.start(
        Work(
            cast(Context, context),
            tmp_path / "run",
            tmp_path / "run/job.json",
            lambda step, where: heard.log(f"{step} began: {where}"),
            lambda step, message: heard.log(f"{step}: {message}"),
        )
    )
    return executor, heard


def at_looks(monkeypatch: pytest.MonkeyPatch, between: Callable[[], None]) -> None:
    """Call a function between looks at the queue; other code sleeps as it did."""
    sleep = time.sleep

    def sleeps(seconds: float) -> None:
        if seconds == slurm_commands.EVERY:
            between()
        else:
            sleep(seconds)

    monkeypatch.setattr("time.sleep", sleeps)


def steps(*names: str) -> list[PlannedStep]:
    return [
        cast(
            PlannedStep,
            SimpleNamespace(step=SimpleNamespace(id=name, stage=name), fingerprint="ab" * 32),
        )
        for name in names
    ]


def answer(tmp_path: Path, step: str, error: str = "") -> None:
    """What a job leaves when it ends."""
    told = {"step": step, "computed": True, "error": error, "beside": {}}
    (tmp_path / f"run/slurm/{step}.ended.json").write_text(json.dumps(told))


def in_store(tmp_path: Path) -> None:
    """Put the result of the steps of `steps` into the store."""
    store = Store(tmp_path / "store")
    store.open_staging("ab" * 32)
    store.commit("ab" * 32, kind="train", title="a", recipe="r", parts={}, lineage={})


def known(tmp_path: Path) -> dict[str, str]:
    """The jobs of which the next run knows."""
    return Jobs(tmp_path / "run/slurm/jobs.json").ids
