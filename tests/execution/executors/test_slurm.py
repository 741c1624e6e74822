"""What becomes of a stage on SLURM; real clusters are in tests/scenarios."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from adapterxlt.errors import UsageError
from adapterxlt.execution.executors import slurm
from adapterxlt.execution.executors.options import Options
from adapterxlt.progress import Silent
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.stages.running.context import Context
from tests.execution.slurm.cluster import started, steps

pytest.importorskip("submitit", reason="submitit is not installed")


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
