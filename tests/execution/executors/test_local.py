"""Several processes: the same results as in one, whatever becomes of the processes."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from adapterxlt.errors import UsageError
from adapterxlt.execution.board import newest_board
from adapterxlt.execution.executors.local import TRIES, Local, _environment
from adapterxlt.execution.run import RunResult
from adapterxlt.store.store import Store

Run = Callable[..., RunResult]


def contents(store: Path) -> dict[str, dict[str, str]]:
    """Hashes of the files of all entries."""
    return {
        entry.fingerprint: {name: record.sha256 for name, record in entry.files.items()}
        for entry in Store(store).entries()
    }


def test_two_processes_leave_the_same_bytes(run: Run, tmp_path: Path) -> None:
    alone = run("alone")
    both = run("both", Local(2))
    assert (both.done, both.failed) == (alone.done, {})
    results = [(tmp_path / name / "results.json").read_bytes() for name in ("alone", "both")]
    assert results[0] == results[1]
    assert contents(tmp_path / "alone/store") == contents(tmp_path / "both/store")

    board = newest_board(tmp_path / "both")
    assert board is not None
    assert board.over
    assert {line.state for line in board.lines.values()} == {"done"}
    assert board.told_by_log(board.lines["direct"]) == ["direct: finished"]
    again = run("both", Local(2))
    assert (again.done, again.reused) == ([], alone.done)


def test_a_stage_needs_the_gpus_of_its_process(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1,2,3,4,5,6,7")
    monkeypatch.setattr("adapterxlt.devices.gpu_count", lambda: 8)
    steps = [
        SimpleNamespace(status=status, step=SimpleNamespace(id=name, devices=devices))
        for name, status, devices in (
            ("nli", "done", 8),
            ("qa", "remote", 8),
            ("direct", "missing", 4),
        )
    ]
    context: Any = SimpleNamespace(device="cuda", plan=SimpleNamespace(steps=steps))
    Local(2).check(context)
    told = (
        r"^--jobs 3: `direct` needs 4 GPUs, and each of 3 processes has 2 of 8 "
        r"\(use --jobs 2\)$"
    )
    with pytest.raises(UsageError) as caught:
        Local(3).check(context)
    assert re.match(told, f"{caught.value.message} ({caught.value.hint})")
    monkeypatch.setattr("adapterxlt.devices.gpu_count", lambda: 0)  # as with `-1` there
    Local(3).check(context)
    monkeypatch.undo()
    context.device = "cpu"
    Local(3).check(context)


def test_a_step_that_kills_its_process_fails_in_the_end(
    run: Run, tmp_path: Path, kill: Callable[[list[int]], None]
) -> None:
    kill([1] * TRIES)
    result = run(
        "killed", Local(2), "\n  direct: {train: pawsx}\n  after: {train: pawsx, after: direct}"
    )
    assert list(result.failed) == ["direct"]
    assert "was killed (SIGKILL) in 3 attempts" in result.failed["direct"]
    assert "direct on " in result.failed["direct"], "the log's last lines"
    assert result.skipped == ["after"]
    (failure,) = Store(tmp_path / "killed/store").failures()
    assert failure.title == "direct"


def test_ctrl_c_ends_the_processes_and_keeps_what_is_finished(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids: list[int] = []

    class Interrupted(Local):
        def wait(self):  # type: ignore[no-untyped-def]
            ended = super().wait()
            pids.extend(process.popen.pid for process in self._processes.values())
            raise KeyboardInterrupt(ended)

    with pytest.raises(KeyboardInterrupt):
        run("both", Interrupted(2))
    assert pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    assert (tmp_path / "both/results.json").is_file()
    assert Store(tmp_path / "both/store").entries()
    board = newest_board(tmp_path / "both")
    assert board is not None
    assert board.over


def test_ctrl_c_leaves_a_checkpoint_of_the_step_that_was_computed(run: Run, tmp_path: Path) -> None:
    states = "both/store/.staging/*/checkpoints/step-*/state.json"

    class Interrupted(Local):
        def wait(self):  # type: ignore[no-untyped-def]
            while not list(tmp_path.glob(states)):
                time.sleep(0.02)
            raise KeyboardInterrupt

    stages = "\n  long: {train: pawsx, max_steps: 100000, checkpoint_every: 20}"
    with pytest.raises(KeyboardInterrupt):
        run("both", Interrupted(2), stages)
    [state] = tmp_path.glob(states)
    [log] = tmp_path.glob("both/logs/*/long.log")
    stopped = re.search(r"^long: (\d+)/100000, .*stopped in", log.read_text(), re.MULTILINE)
    assert stopped is not None
    assert json.loads(state.read_text())["step"] == int(stopped[1])


def test_a_share_of_the_cores_and_a_gpu_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    own = _environment({}, 3, 3, ["0", "5"])
    assert (own["OMP_NUM_THREADS"], own["CUDA_VISIBLE_DEVICES"]) == ("2", "5")
    assert _environment({"OMP_NUM_THREADS": "7"}, 0, 3, [])["MKL_NUM_THREADS"] == "7"
    assert _environment({}, 0, 20, [])["OMP_NUM_THREADS"] == "1"
