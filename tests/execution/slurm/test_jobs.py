"""What is known of the jobs of earlier runs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from adapterxlt.execution.executors import slurm
from adapterxlt.execution.executors.options import Options
from adapterxlt.execution.run import RunResult
from adapterxlt.execution.slurm.jobs import Jobs
from adapterxlt.store.store import Store
from tests.execution.slurm.cluster import answer, known, started, steps

Run = Callable[..., RunResult]


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
