"""A package adds a metric: a function, and what is to know about its values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from adapterxlt.cli.main import cli
from tests.plugin import installed

SOURCE = """
from adapterxlt.metrics.facts import Metric

def errors(gold, predicted):
    assert set(gold) == {"same", "other"}
    return sum(a != b for a, b in zip(gold, predicted))

ERRORS = Metric("errors", errors, unit="errors", less_is_better=True, digits=0)
"""
RECIPE = """
name: r
backbone: mini
data: .
tasks: pairs.yaml
training: {max_steps: 1}
stages:
  a: {train: pairs}
  b: {train: pairs, seed: 2}
  s: {evaluate: [a, b], on: pairs, languages: [en, de]}
"""
ENTRY = """
kind: pair_classification
labels: [same, other]
languages: [en, de]
format: pair_tsv
files: "{lang}.{split}.tsv"
columns: {text_a: 0, text_b: 1, label: 2}
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    for name in ("en.train", "en.dev", "de.dev"):
        (tmp_path / f"{name}.tsv").write_text("a cat\ta cat\tsame\na dog\ta cow\tother\n" * 3)
    (tmp_path / "pairs.yaml").write_text(f"{ENTRY}metrics: [errors, accuracy]\n")
    (tmp_path / "r.yaml").write_text(RECIPE)
    return tmp_path / "r.yaml"


def run(verb: str, recipe: Path, *more: str) -> Result:
    return CliRunner().invoke(cli, [verb, str(recipe), *more])


def test_a_task_is_measured_by_it(recipe: Path, tmp_path: Path) -> None:
    work = ["--workdir", str(tmp_path / "w")]
    with installed(
        tmp_path / "x",
        group="metrics",
        names={"errors": "my_metric:ERRORS"},
        module="my_metric",
        source=SOURCE,
    ):
        done = run("run", recipe, *work)
        assert done.exit_code == 0, done.output
        rows = json.loads((tmp_path / "w" / "results.json").read_text())["rows"]
        values: dict[Any, Any] = {(r["model"], r["language"], r["metric"]): r for r in rows}
        assert len(values) == 8
        for (model, language, metric), row in values.items():
            assert row["main"] == (metric == "errors")
            right = values[model, language, "accuracy"]["value"]
            if metric == "errors":
                assert row["value"] == pytest.approx(6 * (1 - right / 100))
        planned = json.loads(run("plan", recipe, *work, "--json").stdout)["steps"]
        assert {step["status"] for step in planned} == {"done"}
    missing = run("validate", recipe)
    assert missing.exit_code == 3
    assert "unknown metric `errors`" in missing.output


def test_what_no_package_adds_is_told_with_its_line(recipe: Path) -> None:
    (recipe.parent / "pairs.yaml").write_text(f"{ENTRY}metrics: [acuracy]\n")
    told = run("validate", recipe).output
    assert "pairs.yaml" in told
    assert "unknown metric `acuracy`" in told
    assert "did you mean `accuracy`?" in told
