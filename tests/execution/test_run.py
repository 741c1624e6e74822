"""The order of work, and what a failing step costs: itself and what needs it, nothing else."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from adapterxlt.errors import AdapterXLTError, MissingDataError
from adapterxlt.execution import run
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.recipe.load import load_recipe
from adapterxlt.results.measures import Measure, write_measures
from adapterxlt.stages.running.context import Context
from adapterxlt.store.store import Store

STAGES = """
  nli: {train: mnli}
  direct: {train: pawsx}
  after_nli: {train: pawsx, after: nli}
  scores: {evaluate: [direct, after_nli], on: pawsx, languages: en}
"""


class Work:
    """Stands in for the steps' own functions: notes what runs, fails where it is told to."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.fail: dict[str, BaseException] = {}

    def __call__(self, planned: PlannedStep, context: Context, staging: Path) -> None:
        step = planned.step
        self.ran.append(step.id)
        if step.id in self.fail:
            raise self.fail[step.id]
        if step.kind == "evaluate":
            measure = Measure("en", "dev", "accuracy", True, 50.0 + len(self.ran), 4)
            write_measures(staging / "out", [measure])
        else:
            (staging / "out" / "weights").write_text(step.id)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    found = Work()
    monkeypatch.setattr("adapterxlt.execution.step._runner", lambda kind: found)
    return found


@pytest.fixture
def start(tmp_path: Path, tiny_backbone: Path) -> Callable[[], run.RunResult]:
    """Run the recipe on four lines of data a file."""
    data = tmp_path / "data"
    pairs = "a dog\tan animal\tentailment\nno dog\ta dog\tcontradiction\n" * 2
    twins = "a dog\tone dog\t1\na dog\ta cat\t0\n" * 2
    for name, text in {
        "xnli/train-en.tsv": pairs,
        "pawsx/train-en.tsv": twins,
        "pawsx/dev-en.tsv": twins,
    }.items():
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text(text)
    recipe = tmp_path / "r.yaml"
    recipe.write_text(f"name: r\nbackbone: {tiny_backbone}\ndata: {data}\nstages:{STAGES}")

    def go() -> run.RunResult:
        loaded = load_recipe(recipe)
        return run.run_recipe(
            loaded.recipe,
            workdir=tmp_path / "work",
            sources=resolve_sources(loaded.recipe, loaded.base),
        )

    return go


def test_inputs_first_and_nothing_twice(work: Work, start: Callable[[], run.RunResult]) -> None:
    result = start()
    assert work.ran == [
        "nli",
        "direct",
        "after_nli",
        "scores/direct/pawsx",
        "scores/after_nli/pawsx",
    ]
    assert result.done == work.ran
    assert [(row.model, row.value) for row in result.rows] == [
        ("direct", 54.0),
        ("after_nli", 55.0),
    ]
    assert sorted(result.outputs) == ["after_nli", "direct", "nli"]

    again = start()
    assert len(work.ran) == 5
    assert (again.done, again.reused) == ([], result.done)


def test_a_failed_step_costs_only_what_needs_it(
    work: Work, start: Callable[[], run.RunResult], tmp_path: Path
) -> None:
    work.fail["nli"] = AdapterXLTError("training diverged", hint="lower lr")
    result = start()
    assert result.failed == {"nli": "training diverged\n  lower lr"}
    assert result.skipped == ["after_nli", "scores/after_nli/pawsx"]
    assert result.done == ["direct", "scores/direct/pawsx"]
    assert [row.model for row in result.rows] == ["direct"]
    (failure,) = Store(tmp_path / "work/store").failures()
    assert (failure.title, failure.message) == ("nli", "training diverged\n  lower lr")

    work.fail.clear()
    assert start().done == ["nli", "after_nli", "scores/after_nli/pawsx"]


def test_a_fault_of_the_code_costs_no_more(
    work: Work, start: Callable[[], run.RunResult], tmp_path: Path
) -> None:
    work.fail["nli"] = MemoryError("Unable to allocate 16 GiB")
    result = start()
    assert result.failed == {"nli": "MemoryError: Unable to allocate 16 GiB"}
    assert result.done == ["direct", "scores/direct/pawsx"]
    (failure,) = Store(tmp_path / "work/store").failures()
    assert (failure.title, failure.message) == ("nli", "MemoryError: Unable to allocate 16 GiB")


def test_a_full_disk_is_a_failure_that_says_so(
    work: Work, start: Callable[[], run.RunResult], tmp_path: Path
) -> None:
    work.fail["direct"] = OSError(errno.ENOSPC, "No space left on device")
    result = start()
    assert "cannot write" in result.failed["direct"]
    assert "then run the same command again" in result.failed["direct"]
    assert not list((tmp_path / "work/store/.staging").glob("*/out"))


def test_ctrl_c_leaves_the_results_of_what_is_finished(
    work: Work, start: Callable[[], run.RunResult], tmp_path: Path
) -> None:
    work.fail["scores/after_nli/pawsx"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        start()
    assert '"model": "direct"' in (tmp_path / "work/results.json").read_text()


def test_bad_data_is_found_before_any_work(
    work: Work, start: Callable[[], run.RunResult], tmp_path: Path
) -> None:
    (tmp_path / "data/pawsx/dev-en.tsv").write_text("a dog\ta cat\t0\na dog\ta cat\t2\n")
    (tmp_path / "data/xnli/train-en.tsv").write_text("a\tb\tneutral\none column\n")
    with pytest.raises(MissingDataError) as error:
        start()
    assert "dev-en.tsv:2" in str(error.value)
    assert "train-en.tsv:2" in str(error.value)
    assert work.ran == []


def test_hardly_any_disk_space_is_found_before_any_work(
    work: Work, start: Callable[[], run.RunResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapterxlt.execution.preflight.MIN_FREE_BYTES", 1 << 60)
    with pytest.raises(AdapterXLTError, match="MB of disk space are free"):
        start()
    assert work.ran == []


@pytest.mark.parametrize("name", ["work", "work/store"])
def test_a_work_folder_that_cannot_be_written_is_found_before_any_work(
    name: str, work: Work, start: Callable[[], run.RunResult], tmp_path: Path
) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).symlink_to("nowhere")
    with pytest.raises(AdapterXLTError, match=f"{name} is a link that leads nowhere"):
        start()
    assert work.ran == []
