"""A SLURM cluster: jobs that are cancelled, runs that are left and taken up again."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import pytest

from adapterxlt.errors import UsageError
from adapterxlt.execution.executors import slurm
from adapterxlt.execution.executors.executor import Ended
from adapterxlt.execution.executors.options import Options
from adapterxlt.execution.executors.probe import question
from adapterxlt.execution.run import RunResult
from adapterxlt.execution.slurm import commands as slurm_commands
from adapterxlt.execution.slurm import probe as slurm_probe
from adapterxlt.execution.slurm import shared as slurm_shared
from adapterxlt.execution.slurm.jobs import Jobs
from adapterxlt.stages.running.context import Context
from adapterxlt.store.store import Store
from tests.scenarios.executors import slurm_accounts, slurm_node
from tests.scenarios.program import there

pytest.importorskip("submitit", reason="submitit is not installed")

Run = Callable[..., RunResult]

STAGES = "\n  direct: {train: pawsx}\n  scores: {evaluate: direct, on: pawsx}"


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    if why := slurm_node.why_not():
        pytest.skip(why)
    # Names of sockets are short, and so must be that of the folder they are in.
    with TemporaryDirectory(prefix="slurm") as folder, slurm_node.slurm(Path(folder)) as conf:
        monkeypatch.setenv("SLURM_CONF", str(conf))
        monkeypatch.setattr(slurm_commands, "EVERY", 0.5)
        monkeypatch.setattr(slurm_shared, "GONE", 2.0)  # the disk is of this machine
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
    first = Jobs(jobs).ids["direct"]

    class Cancelling(slurm.Slurm):
        cancelled = ""

        def _look(self, step_id: str, queued: object) -> Ended | None:
            ended = super()._look(step_id, queued)  # type: ignore[arg-type]
            if step_id == "direct" and step_id in self._begun:
                if not self.cancelled:
                    self.cancelled = self._jobs.ids[step_id]
                    subprocess.run(["scancel", self.cancelled], check=True)
                elif self._jobs.ids[step_id] != self.cancelled:
                    self._begun.remove(step_id)
                    held.__exit__(None, None, None)
            return ended

    executor = Cancelling({"partition": "main"}, False, None)
    result = run("work", executor, STAGES)
    assert executor.cancelled == first, "the job of the run before was taken up"
    assert (result.done, result.failed) == (["direct", "scores/direct/pawsx"], {})
    results = [(tmp_path / name / "results.json").read_bytes() for name in ("alone", "work")]
    assert results[0] == results[1]


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_a_preempted_job_goes_on_from_its_checkpoint(run: Run, tmp_path: Path) -> None:
    # Long enough: SLURM kills a job some seconds after it was told to end.
    stages = "\n  direct: {train: pawsx, max_steps: 1200, checkpoint_every: 50}"
    run("alone", stages=stages)

    class Preempting(slurm.Slurm):
        begun = 0
        ids: ClassVar[set[str]] = set()

        def _look(self, step_id: str, queued: object) -> Ended | None:
            ended = super()._look(step_id, queued)  # type: ignore[arg-type]
            self.ids.add(self._jobs.ids[step_id])
            folder = tmp_path / "work/store/.staging"
            if not self.begun and there(folder, "*/checkpoints/step-*"):
                subprocess.run(["scontrol", "requeue", self._jobs.ids[step_id]], check=True)
                self.begun += 1
            return ended

    executor = Preempting({}, False, None)
    result = run("work", executor, stages)
    assert executor.begun == 1
    assert (result.done, result.failed) == (["direct"], {})
    (log,) = (tmp_path / "work/logs").glob("*/direct.log")
    assert log.read_text().count("direct on ") == 2
    stopped = re.search(r"^direct: (\d+)/1200, .*stopped in", log.read_text(), re.MULTILINE)
    assert stopped is not None
    assert f"resuming at step {stopped[1]} of 1200" in log.read_text()
    assert contents(tmp_path / "work/store") == contents(tmp_path / "alone/store")
    assert len(executor.ids) == 1, "it is the same job"


def contents(store: Path) -> dict[str, dict[str, str]]:
    """Hashes of the files of all entries."""
    return {
        entry.fingerprint: {name: record.sha256 for name, record in entry.files.items()}
        for entry in Store(store).entries()
    }


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_a_detached_run_tells_what_failed_since(run: Run, tmp_path: Path) -> None:
    def detached() -> RunResult:
        return run("work", slurm.make(Options(detach=True)), STAGES)

    def ended() -> None:
        while subprocess.check_output(["squeue", "-h", "--me"]):
            time.sleep(0.2)

    (tmp_path / "work/store").mkdir(parents=True)
    (tmp_path / "work/store/.locks").write_text("")  # a file, so that no job can work
    assert detached().failed == {}
    ended()
    (tmp_path / "work/store/.locks").unlink()
    second = detached()
    assert list(second.failed) == ["direct"]
    assert second.skipped == ["scores/direct/pawsx"]
    (failure,) = Store(tmp_path / "work/store").failures()
    assert failure.title == "direct"
    assert detached().failed == {}, "it is tried again"
    ended()
    assert detached().reused == ["direct"]
    ended()
    assert len(detached().rows) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("cluster")
def test_what_slurm_would_not_take_or_a_node_does_not_see_is_said_first(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(stages: str = STAGES, **settings: str) -> str:
        with pytest.raises(UsageError) as caught:
            run("work", slurm.make(Options(settings=settings)), stages)
        assert not (tmp_path / "work/results.json").exists()
        assert not list((tmp_path / "work").glob("logs/r-*")), "no job is submitted"
        return str(caught.value)

    many = "\n  direct: {train: pawsx, resources: {gpus: 3}}"
    assert refused(many).startswith(
        "stages.direct: SLURM would not take this job (--cpus-per-task=1 --gres=gpu:3): "
        "Requested node configuration is not available"
    )
    assert "--gres=gpu:2 --constraint=new): Invalid feature" in refused(
        many, gres="gpu:2", constraint="new"
    )

    @contextmanager
    def elsewhere(context: Context) -> Iterator[object]:
        with question(context) as asked:
            yield replace(asked, needed=[Path("/nowhere/backbone")])

    class Dumb(slurm_probe.Ask):
        def __call__(self) -> None:
            raise ImportError("No module named adapterxlt")

    with monkeypatch.context() as patch:
        patch.setattr(slurm_probe, "question", elsewhere)
        assert "does not see /nowhere/backbone" in refused()
        patch.setattr(slurm_probe, "Ask", Dumb)
        assert "ImportError: No module named adapterxlt" in refused()
    result = run("work", slurm.make(Options()), "\n  direct: {train: pawsx, resources: {gpus: 1}}")
    assert result.done == ["direct"]
    probes = {path.name for path in (tmp_path / "work/logs/slurm-probes").glob("*_submitted.pkl")}
    run("work", slurm.make(Options()), STAGES)
    again = {path.name for path in (tmp_path / "work/logs/slurm-probes").glob("*_submitted.pkl")}
    assert again == probes, "a node has answered before"
    for script in (tmp_path / "work/logs").glob("r-*/slurm/*_submission.sh"):
        assert "--time" not in script.read_text()


@pytest.mark.slow
def test_an_account_that_slurm_does_not_know_is_said_first(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why := slurm_accounts.why_not():
        pytest.skip(why)
    with (
        TemporaryDirectory(prefix="slurm") as folder,
        slurm_accounts.slurm(Path(folder), account="lab") as conf,
    ):
        monkeypatch.setenv("SLURM_CONF", str(conf))
        monkeypatch.setattr(slurm_commands, "EVERY", 0.5)
        with pytest.raises(UsageError) as caught:
            run("work", slurm.make(Options(settings={"account": "other"})), STAGES)
        assert str(caught.value).startswith(
            "stages.direct: SLURM would not take this job (--cpus-per-task=1 --account=other): "
            "Invalid account or account/partition combination specified"
        )
        assert not list((tmp_path / "work").glob("logs/r-*")), "no job is submitted"
        done = run("work", slurm.make(Options(settings={"account": "lab"})), STAGES)
        assert done.done == ["direct", "scores/direct/pawsx"]
