"""The trial job that looks at a node."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import UsageError
from adapterxlt.execution.slurm import probe as slurm_probe
from adapterxlt.execution.slurm import queue as slurm_queue
from tests.execution.slurm.cluster import Heard, at_looks


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
