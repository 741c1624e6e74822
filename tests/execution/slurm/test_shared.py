"""Answers and results that a shared disk may show late."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from adapterxlt.execution.executors.executor import Ended
from adapterxlt.execution.slurm import shared as slurm_shared
from tests.execution.slurm.cluster import answer, in_store, started, steps


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
