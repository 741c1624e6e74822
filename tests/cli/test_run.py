"""`adapterxlt run`: what is printed where, and the exit codes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from adapterxlt import trackers
from adapterxlt.cli import run as run_verb
from adapterxlt.execution.run import RunResult
from adapterxlt.results.costs import Cost
from tests.cli.conftest import Invoke
from tests.report.rows import row
from tests.results.test_costs import TRAINED


@pytest.fixture
def outcome(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunResult:
    """What the run is made to end in."""
    result = RunResult(
        rows=[row("direct", "de", 60.0), row("again", "de", 61.0)],
        results=tmp_path / "w" / "results.json",
        done=["direct", "again"],
        reused=["scores/direct/pawsx"],
        costs=[
            replace(TRAINED, step="direct"),
            *(
                Cost(step=f"s/direct/{task}", task=task, queries=count, query_seconds=0.001 * count)
                for task, count in (("pawsx", 10), ("xnli", 30))
            ),
        ],
    )
    monkeypatch.setattr(run_verb, "run_recipe", lambda *_, **__: result)
    return result


def test_tables_on_stdout_progress_on_stderr(
    recipe: Path, outcome: RunResult, invoke: Invoke
) -> None:
    result = invoke("run", recipe)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("scores: pawsx dev, accuracy")
    assert "again vs direct on pawsx dev: +1.0" in result.stdout
    assert "\nCost\n" in result.stdout
    lines = [line.split() for line in result.stdout.splitlines()]
    # (10 * 10 ms + 30 * 30 ms) / 40
    assert ["direct", "25", "2.50", "%", "0.0", "MB", "2.5", "s", "-", "25.00"] in lines
    assert result.stderr == f"tiny: 2 run, 1 reused; results in {outcome.results}\n"


def test_json_is_one_document(recipe: Path, outcome: RunResult, invoke: Invoke) -> None:
    result = invoke("run", recipe, "--json", "--workdir", "w")
    document = json.loads(result.stdout)
    assert document["schema"] == 1
    assert (document["recipe"], document["workdir"]) == ("tiny", "w")
    assert document["steps"]["done"] == ["direct", "again"]
    assert document["results"] == [measured.as_dict() for measured in outcome.rows]
    assert document["costs"] == [cost.as_dict() for cost in outcome.costs]


def test_a_recipe_that_only_trains_says_where_that_is(
    recipe: Path, outcome: RunResult, invoke: Invoke
) -> None:
    outcome.rows.clear()
    outcome.outputs["direct"] = Path("runs") / "store" / "train" / "abc"
    stage, where = invoke("run", recipe).stdout.split()[-2:]
    assert (stage, Path(where)) == ("direct", outcome.outputs["direct"])
    document = json.loads(invoke("run", recipe, "--json").stdout)
    assert document["trained"] == {"direct": where}


def test_results_that_cannot_be_added_to_are_found_before_any_work(
    recipe: Path, invoke: Invoke, tmp_path: Path
) -> None:
    results = tmp_path / "w" / "results.json"
    results.parent.mkdir()
    for content, reason in (
        ('{"schema": 1,\n "rows": [', "is not JSON: .*line 2 column 11"),
        ('{"schema": 2, "rows": []}', "has schema 2, but this version reads 1"),
        ("", "is empty"),
    ):
        results.write_text(content)
        result = invoke("run", recipe, "--workdir", results.parent)
        assert (result.exit_code, result.stdout) == (1, "")
        assert re.search(reason, result.stderr)
        assert "move it away, or" in result.stderr
        assert f"adapterxlt report {results.parent} --rebuild" in result.stderr
        assert results.read_text() == content
        assert sorted(path.name for path in results.parent.iterdir()) == ["results.json"]


def test_a_failed_stage(recipe: Path, outcome: RunResult, invoke: Invoke) -> None:
    outcome.failed["again"] = "the loss is not a number"
    outcome.skipped.append("scores/again/pawsx")
    result = invoke("run", recipe)
    assert result.exit_code == 1
    assert "1 failed, 1 skipped" in result.stderr
    assert "failed: again: the loss is not a number" in result.stderr
    assert "scores: pawsx dev" in result.stdout  # what there is, is shown


def test_an_invalid_recipe_runs_nothing(
    recipe: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_verb, "run_recipe", lambda *_, **__: pytest.fail("it ran"))
    result = invoke("run", recipe, "--set", "stages.direct.method=seqbn")
    assert result.exit_code == 3
    assert "did you mean `seq_bn`?" in result.stderr
    assert result.stdout == ""


def test_a_method_that_does_not_fit_the_backbone(
    recipe: Path, tmp_path: Path, invoke: Invoke
) -> None:
    text = recipe.read_text(encoding="utf-8")
    text = text.replace("{train: pawsx", "{method: 'lora[r=999]', train: pawsx")
    recipe.write_text(text, encoding="utf-8")
    result = invoke("run", recipe, "--workdir", tmp_path / "w")
    assert result.exit_code == 3
    assert "rank r=999 is above the hidden size" in result.stderr
    assert not (tmp_path / "w").exists()


def test_a_missing_backbone(recipe: Path, tmp_path: Path, invoke: Invoke) -> None:
    result = invoke("run", recipe, "--workdir", tmp_path / "w", "--set", "backbone=./absent")
    assert result.exit_code == 5
    assert "absent" in result.stderr
    assert result.stdout == ""


def test_no_recipe(invoke: Invoke) -> None:
    result = invoke("run", "absent.yaml")
    assert result.exit_code == 2
    assert "absent.yaml: no such file" in result.stderr


def test_the_real_thing_then_nothing_left(recipe: Path, tmp_path: Path, invoke: Invoke) -> None:
    first = invoke("run", recipe, "--workdir", tmp_path / "w", "--json")
    assert first.exit_code == 0, first.output
    second = invoke("run", recipe, "--workdir", tmp_path / "w", "--json")
    one, two = json.loads(first.stdout), json.loads(second.stdout)
    assert len(one["steps"]["done"]) == 4
    assert two["steps"]["done"] == []
    assert one["results"] == two["results"]
    assert one["costs"] == two["costs"]  # as they were where the steps ran
    assert {cost["step"] for cost in one["costs"]} == {*one["steps"]["done"]}
    assert {(item["model"], item["language"]) for item in one["results"]} == {
        (model, language) for model in ("direct", "again") for language in ("en", "de")
    }
    plan = invoke("plan", recipe, "--workdir", tmp_path / "w")
    assert "4 of 4 steps are done" in plan.stdout


@pytest.mark.parametrize("name", ["mlflow", "wandb"])
def test_a_tracker_that_is_not_installed_is_told_before_any_work(
    recipe: Path, invoke: Invoke, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trackers, "find_spec", lambda _: None)
    result = invoke("run", recipe, "--log-to", name, "--workdir", "w")
    assert result.exit_code == 5
    assert f"--log-to {name}: the package `{name}` is not installed" in result.stderr
    assert f"pip install 'adapterxlt[{name}]'" in result.stderr
    assert not Path("w/store").exists()
