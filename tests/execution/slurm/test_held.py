"""Steps that SLURM refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.execution.executors.executor import Ended
from adapterxlt.execution.slurm import held as slurm_held
from adapterxlt.execution.slurm import queue as slurm_queue
from tests.execution.slurm.cluster import answer, known, started, steps


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
