"""A queue that may not answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import AdapterXLTError
from adapterxlt.execution.executors.executor import Ended
from adapterxlt.execution.slurm import queue as slurm_queue
from tests.execution.slurm.cluster import answer, at_looks, known, started, steps


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
