"""A SLURM cluster: jobs that are cancelled, runs that are left and taken up again."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapterxlt.errors import UsageError
from adapterxlt.execution.executors import slurm
from adapterxlt.execution.executors.executor import Ended
from adapterxlt.execution.executors.options import Options
from adapterxlt.execution.run import RunResult
from adapterxlt.store.store import Store
from tests.execution.executors import slurm_node

pytest.importorskip("submitit", reason="submitit is not installed")

Run = Callable[..., RunResult]

STAGES = "\n  direct: {train: pawsx}\n  scores: {evaluate: direct, on: pawsx}"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if why := slurm_node.why_not():
        pytest.skip(why)
    (tmp_path / "slurm").mkdir()
    with slurm_node.slurm(tmp_path / "slurm") as conf:
        monkeypatch.setenv("SLURM_CONF", str(conf))
        monkeypatch.setattr(slurm, "_EVERY", 0.5)
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_a_run_is_left_and_taken_up_and_a_cancelled_job_done_again(
    run: Run, tmp_path: Path
) -> None:
    with pytest.raises(
        UsageError, match=r"^--slurm partition=big: SLURM does not have this partition"
    ):
        run("slurm", slurm.make(Options(settings={"partition": "big"})), STAGES)

    run("alone", stages=STAGES)
    (trained,) = [e for e in Store(tmp_path / "alone/store").entries() if e.title == "direct"]
    held = Store(tmp_path / "work/store").lock(trained.fingerprint)  # so that it cannot end
    held.__enter__()
    left = run("work", slurm.make(Options(settings={"partition": "main"}, detach=True)), STAGES)
    assert (left.done, left.failed, left.rows) == ([], {}, [])
    (jobs,) = (tmp_path / "work/logs").glob("*/slurm/jobs.json")
    first = json.loads(jobs.read_text())["direct"]

    class Cancelling(slurm.Slurm):
        cancelled = ""

        def _look(self, step_id: str, queued: object) -> Ended | None:
            ended = super()._look(step_id, queued)  # type: ignore[arg-type]
            if step_id == "direct" and step_id in self._begun:
                if not self.cancelled:
                    self.cancelled = self._jobs[step_id]
                    subprocess.run(["scancel", self.cancelled], check=True)
                elif self._jobs[step_id] != self.cancelled:
                    self._begun.remove(step_id)
                    held.__exit__(None, None, None)
            return ended

    executor = Cancelling({"partition": "main"}, False, None)
    result = run("work", executor, STAGES)
    assert executor.cancelled == first, "the job of the run before was taken up"
    assert (result.done, result.failed) == (["direct", "scores/direct/pawsx"], {})
    results = [(tmp_path / name / "results.json").read_bytes() for name in ("alone", "work")]
    assert results[0] == results[1]


def test_a_setting_that_there_is_not() -> None:
    with pytest.raises(UsageError, match=r"^--slurm partitoin=...: is not a setting"):
        slurm.make(Options(settings={"partitoin": "main"}))
