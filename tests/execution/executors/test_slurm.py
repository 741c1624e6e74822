"""What SLURM is told of a stage, and what becomes of it; real clusters are in tests/scenarios."""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from adapterxlt.errors import AdapterXLTError, UsageError
from adapterxlt.execution.executors import slurm
from adapterxlt.execution.executors.executor import Ended, Work
from adapterxlt.execution.executors.options import Options
from adapterxlt.execution.run import RunResult
from adapterxlt.execution.slurm import commands as slurm_commands
from adapterxlt.execution.slurm import held as slurm_held
from adapterxlt.execution.slurm import probe as slurm_probe
from adapterxlt.execution.slurm import queue as slurm_queue
from adapterxlt.execution.slurm import shared as slurm_shared
from adapterxlt.execution.slurm.arrays import RefusedError, largest_array, submit_all
from adapterxlt.execution.slurm.commands import check_taken, parameters
from adapterxlt.execution.slurm.jobs import Jobs
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.progress import Silent
from adapterxlt.recipe.resources import Resources
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.stages.running.context import Context
from adapterxlt.store.store import Store

pytest.importorskip("submitit", reason="submitit is not installed")

Run = Callable[..., RunResult]

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


def test_gpus_are_gres_unless_a_setting_says_otherwise() -> None:
    wanted = Resources(gpus=2, memory="1GB")
    found = parameters(wanted, {"partition": "gpu", "time": "1:00:00", "account": "mine"})
    assert found == {
        "partition": "gpu",
        "time": "1:00:00",
        "cpus_per_task": 1,
        "mem": "954M",
        "additional_parameters": {"account": "mine", "gres": "gpu:2", "requeue": True},
    }
    own = parameters(wanted, {"gres": "gpu:a100:1"})
    assert own["additional_parameters"] == {"gres": "gpu:a100:1", "requeue": True}
    bare = parameters(Resources(), {})
    assert "gres" not in bare["additional_parameters"]
    assert bare["time"] is None, "what the partition gives"


def test_a_setting_that_there_is_not() -> None:
    with pytest.raises(UsageError, match=r"^--slurm partitoin=...: is not a setting"):
        slurm.make(Options(settings={"partitoin": "main"}))


def test_an_address_with_a_password_is_not_written_where_others_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shutil.which", lambda name: name)
    context = SimpleNamespace(exchange=Exchange("sftp://me:secret@host/store", Silent()))
    with pytest.raises(UsageError, match=r"^store.remotes: sftp://me:\*\*\*@host/store: jobs of"):
        slurm.make(Options()).check(cast(Context, context))


def test_a_queue_that_does_not_answer_for_a_while_ends_nothing(
    cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cluster / "silent").touch()
    looks = 0

    def between() -> None:
        nonlocal looks
        looks += 1
        if looks == 3:
            (cluster / "silent").unlink()
        if looks == 5:
            (cluster / "silent").touch()
            answer(tmp_path, "a")  # it is read while SLURM is silent

    at_looks(monkeypatch, between)
    executor, heard = started(tmp_path)
    executor.submit(steps("a"))
    assert looks == 3, "nothing is submitted while it is not known which jobs there are"
    assert executor.wait() == [Ended("a")]
    silent = (
        "SLURM does not answer: `squeue -h -r --me -o %i|%T|%N`: slurm_load_jobs error: Socket "
        "timed out on send/recv operation; it is asked again for up to 10 minutes"
    )
    assert heard.lines == [silent, "SLURM answers again", silent]
    assert (cluster / "arrays").read_text() == "1\n"


def test_a_queue_that_does_not_answer_any_more(
    cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm_queue, "PATIENCE", 0.05)
    executor, heard = started(tmp_path)
    executor.submit(steps("a"))
    (cluster / "silent").touch()
    with pytest.raises(AdapterXLTError, match="Socket timed out"):
        executor.wait()
    executor.stop()
    assert heard.lines[-1].startswith("1 jobs continue in SLURM: 1; run the same command again")
    assert known(tmp_path) == {"a": "1"}


def test_an_array_that_is_refused_is_submitted_when_there_is_room(
    cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm_held, "AGAIN", 0.0)
    (cluster / "room").write_text("2")
    executor, heard = started(tmp_path)
    executor.submit(steps("a", "b", "gpu-1", "gpu-2"))
    assert known(tmp_path) == {"a": "1_0", "b": "1_1"}, "the next run finds the first array"
    assert heard.lines == [
        "SLURM does not accept 2 jobs at the moment: QOSMaxSubmitJobPerUserLimit; Batch job "
        "submission failed: Job violates accounting/QOS policy"
    ]
    answer(tmp_path, "a")
    assert executor.wait() == [Ended("a")]
    assert len(list((tmp_path / "run/slurm").glob("*.pkl"))) == 2, "of jobs that there are"
    scripts = list((tmp_path / "run/slurm").glob(".submission_file_*"))
    assert [script.resolve().name for script in scripts] == ["1_submission.sh"]

    (cluster / "room").write_text("1")
    answer(tmp_path, "b")
    assert executor.wait() == [Ended("b")]
    assert known(tmp_path)["gpu-1"] == "2"
    (cluster / "room").write_text("1")
    answer(tmp_path, "gpu-1")
    assert executor.wait() == [Ended("gpu-1")]
    answer(tmp_path, "gpu-2")
    assert executor.wait() == [Ended("gpu-2")]
    assert (cluster / "arrays").read_text().split() == ["2", "1", "1"]
    assert len(heard.lines) == 1, "it is said once"


@pytest.mark.parametrize("detach", [False, True])
def test_steps_that_slurm_never_accepts_fail(
    cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, detach: bool
) -> None:
    monkeypatch.setattr(slurm_queue, "PATIENCE", 0.05)
    (cluster / "room").write_text("0")
    executor, _ = started(tmp_path, detach=detach)
    executor.submit(steps("a", "b"))
    over = executor.wait()
    assert [ended.step for ended in over] == ["a", "b"]
    assert over[0].error == (
        "SLURM does not accept a job: QOSMaxSubmitJobPerUserLimit; Batch job submission failed: "
        "Job violates accounting/QOS policy\n  run the same command again when other jobs of "
        "yours have ended, or change --slurm"
    )
    executor.stop()
    assert known(tmp_path) == {}


def test_a_detached_run_leaves_what_slurm_does_not_accept_to_the_next(
    cluster: Path, tmp_path: Path
) -> None:
    (cluster / "room").write_text("1")
    executor, heard = started(tmp_path, detach=True)
    executor.submit(steps("a", "gpu-1"))
    assert executor.wait() == []
    executor.stop()
    assert heard.lines[1] == (
        "one step is not submitted: run the same command again when jobs have ended"
    )
    (cluster / "room").write_text("1")
    executor, heard = started(tmp_path, detach=True)
    executor.submit(steps("a", "gpu-1"))
    assert heard.lines == ["a: job 1 of an earlier run is working on it"]
    assert known(tmp_path) == {"a": "1", "gpu-1": "2"}


def test_arrays_are_as_large_as_slurm_accepts(cluster: Path, tmp_path: Path) -> None:
    assert largest_array() == 3, "MaxArraySize is one more than the last index"
    executor, _ = started(tmp_path)
    executor.submit(steps("a", "b", "c", "d", "e", "f", "g"))
    assert (cluster / "arrays").read_text().split() == ["3", "3", "1"]
    assert known(tmp_path)["f"] == "2_2"
    (tmp_path / "bin/scontrol").write_text("#!/bin/sh\nexit 1\n")
    assert largest_array() == 1000


def test_smaller_arrays_are_tried_only_if_there_are_too_many_jobs() -> None:
    tried: list[int] = []

    def array(step_ids: object, said: str = "Socket timed out") -> None:
        tried.append(len(cast(list[str], step_ids)))
        if sum(taken) + tried[-1] > 3:
            raise RefusedError(said)
        taken.append(tried[-1])

    taken: list[int] = []
    names = [str(number) for number in range(8)]
    error = submit_all(names, array, 100, 100)
    assert error is not None
    assert (error.said, tried) == ("Socket timed out", [8])
    tried.clear()
    error = submit_all(names, lambda ids: array(ids, "AssocMaxSubmitJobLimit"), 100, 100)
    assert error is not None
    assert (taken, tried) == ([2, 1], [8, 4, 2, 4, 2, 1, 2, 1])


def test_a_limit_of_jobs_at_a_time_does_not_keep_a_run_from_following_its_jobs(
    cluster: Path,
) -> None:
    (cluster / "test").write_text("sbatch: error: QOSMaxSubmitJobPerUserLimit\n")
    check_taken(Resources(), {}, "stages.a")
    (cluster / "test").write_text("sbatch: error: Invalid qos specification\n")
    with pytest.raises(UsageError, match=r"^stages.a: SLURM would not take this job .*Invalid qos"):
        check_taken(Resources(), {}, "stages.a")


def test_a_job_is_not_gone_before_a_shared_disk_must_show_its_answer(
    cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.undo()
    assert slurm_shared.GONE > 60, "NFS may remember for a minute that there is no file"
    monkeypatch.setattr("time.monotonic", lambda: now)
    executor, heard = started(tmp_path)
    executor._out["a"] = steps("a")[0]
    executor._jobs.ids["a"] = "1"
    assert executor._look("a", {}) is None
    now += slurm_shared.GONE - 1
    assert executor._look("a", {}) is None
    assert executor._look("a", None) is None
    assert heard.lines == []
    now += 1
    assert executor._look("a", None) is None, "nobody knows while SLURM is silent"
    assert heard.lines == []
    assert executor._look("a", {}) is None
    assert heard.lines == ["a: job 1 is gone; attempt 2 of 3"]
    assert executor._again == [executor._out["a"]]


def test_the_folder_is_refreshed_before_it_is_looked_at(
    cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor, _ = started(tmp_path)
    executor.submit(steps("a"))
    folder = tmp_path / "run/slurm"
    folder.chmod(0o2750)
    refreshed: list[Path] = []
    change = Path.chmod

    def chmod(path: Path, mode: int) -> None:
        refreshed.append(path)
        change(path, mode)
        answer(tmp_path, "a")  # now the disk shows it

    monkeypatch.setattr(Path, "chmod", chmod)
    (cluster / "queue").write_text("")
    assert executor.wait() == [Ended("a")]
    assert refreshed == [folder]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o2750


def test_what_lies_whole_in_the_store_is_done_without_an_answer(
    cluster: Path, tmp_path: Path
) -> None:
    executor, _ = started(tmp_path)
    executor.submit(steps("a"))
    (cluster / "queue").write_text("")
    in_store(tmp_path)
    assert executor.wait() == [Ended("a")]
    executor.submit(steps("a"))
    executor.stop()
    (cluster / "queue").write_text("")
    executor, _ = started(tmp_path)  # and so for a job of an earlier run
    executor.submit(steps("a"))
    assert executor.wait() == [Ended("a")]
    assert (cluster / "arrays").read_text().split() == ["1", "1"]


def test_a_step_whose_jobs_are_gone_fails_after_three_attempts(
    cluster: Path, tmp_path: Path
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/a.log").write_text("a on node7, process 1\n")
    (tmp_path / "bin/squeue").write_text("#!/bin/sh\n")
    executor, heard = started(tmp_path)
    executor.submit(steps("a"))
    (ended,) = executor.wait()
    assert ended.error == (
        f"its job was gone in 3 attempts\n  {tmp_path}/run/a.log ends with:\n"
        "    a on node7, process 1"
    )
    assert heard.lines == [
        "a: job 1 is gone; attempt 2 of 3",
        "a: job 2 is gone; attempt 3 of 3",
    ]


def test_attempts_of_detached_runs_are_counted_together(cluster: Path, tmp_path: Path) -> None:
    told = []
    for _ in range(5):
        executor, heard = started(tmp_path, detach=True)
        executor.submit(steps("a"))
        told += [*heard.lines, *(ended.error.splitlines()[0] for ended in executor.wait())]
        executor.stop()
        (cluster / "queue").write_text("")
    continues = "1 jobs continue in SLURM: 1; run the same command again to follow them"
    assert continues not in told, "it is said when the run stops"
    assert told == [
        "a: job 1 is gone; attempt 2 of 3",
        "a: job 2 is gone; attempt 3 of 3",
        "its job was gone in 3 attempts",
    ]
    assert known(tmp_path) == {"a": "4"}, "the fifth run begins anew"


def test_jobs_of_an_older_version_are_found(tmp_path: Path) -> None:
    file = tmp_path / "jobs.json"
    file.write_text('{"a": "12_0"}')
    jobs = Jobs(file)
    assert jobs.ids == {"a": "12_0"}
    assert jobs.lose("a") == 1
    jobs.save()
    assert (Jobs(file).ids, Jobs(file).lost) == ({}, {"a": 1})


def test_a_detached_run_reads_what_the_jobs_of_the_one_before_have_answered(
    cluster: Path, run: Run, tmp_path: Path
) -> None:
    def detached() -> RunResult:
        stages = "\n  nli: {train: mnli}\n  after: {train: pawsx, after: nli}"
        return run("work", slurm.make(Options(detach=True)), stages)

    first = detached()
    assert (first.done, first.failed) == ([], {})
    (folder,) = (tmp_path / "work/logs").glob("r-*/slurm")
    told = {"step": "nli", "computed": True, "error": "no disk", "beside": {}}
    (folder / "nli.ended.json").write_text(json.dumps(told))
    (cluster / "queue").write_text("")

    second = detached()
    assert (second.failed, second.skipped) == ({"nli": "no disk"}, ["after"])
    (failure,) = Store(tmp_path / "work/store").failures()
    assert (failure.title, failure.message) == ("nli", "no disk")
    assert (cluster / "count").read_text().strip() == "1", "it is not submitted again"

    third = detached()
    assert (third.failed, third.skipped) == ({}, [])
    assert (cluster / "count").read_text().strip() == "2", "it is tried again when asked again"


def test_the_answer_of_a_job_whose_result_was_removed_counts_no_more(
    cluster: Path, tmp_path: Path
) -> None:
    executor, _ = started(tmp_path, detach=True)
    executor.submit(steps("a"))
    executor.stop()
    answer(tmp_path, "a")
    (cluster / "queue").write_text("")
    executor, _ = started(tmp_path, detach=True)
    executor.submit(steps("a"))
    assert executor.wait() == []
    assert known(tmp_path) == {"a": "2"}


def test_the_probe_waits_for_slurm_too(
    cluster: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard, looks = Heard(), 0

    def between() -> None:
        nonlocal looks
        looks += 1
        if looks == 2:
            (cluster / "silent").unlink()
        if looks == 3:
            (tmp_path / "answer.json").touch()

    at_looks(monkeypatch, between)
    (cluster / "silent").touch()
    (cluster / "queue").write_text("7|RUNNING|node1\n")
    slurm_probe._await(tmp_path / "answer.json", "7", slurm_queue.Queue(heard.log))
    assert looks == 3
    assert heard.lines[1:] == ["SLURM answers again"]

    (tmp_path / "answer.json").unlink()
    (tmp_path / "8_0_log.err").write_text("No module named adapterxlt\n")
    with pytest.raises(UsageError, match="No module named adapterxlt"):
        slurm_probe._await(tmp_path / "answer.json", "8", slurm_queue.Queue(heard.log))
