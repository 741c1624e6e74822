from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from adapterxlt.cli.main import cli

RECIPE = """
name: r
backbone: mini
data: pocket
compare: {baseline: b}
stages:
  a: {train: pawsx}
  b: {train: pawsx, method: lora}
  s: {evaluate: [a, b], on: pawsx, split: test, cap: 50}
  t: {retrieve: [a, none], on: tatoeba, layers: [1]}
  m: {retrieve: [a, none], on: bucc2018, layers: [1]}
"""


def test_a_plan_says_what_it_can_show_and_costs(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(RECIPE)
    call = ["plan", str(tmp_path / "r.yaml"), "--power", "--workdir", str(tmp_path / "w")]
    told = CliRunner().invoke(cli, [*call, "--json", "--guess-accuracy", "80"])
    assert told.exit_code == 0, told.output
    document = json.loads(told.stdout)
    assert [(one["model"], one["baseline"], one["task"]) for one in document["power"]] == [
        ("a", "b", "pawsx"), ("a", "none", "tatoeba"), ("a", "none", "bucc2018")
    ]  # fmt: skip
    first = document["power"][0]
    assert first["examples"] == 50 * first["languages"]
    assert "80 % of the examples are right" in first["noise"]["source"]
    assert first["detectable"]["10"] < first["detectable"]["2"]
    assert document["cost"]["steps"] == document["cost"]["unknown"] == len(document["steps"])
    shown = CliRunner().invoke(cli, call)
    assert "80 of 100 such studies" in shown.output
    assert not (tmp_path / "w").exists()


def test_seeds_of_one_comparison_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(
        """
name: r
backbone: mini
data: pocket
matrix: {seed: [1, 2, 3]}
stages:
  "a.s${seed}": {train: pawsx, seed: "${seed}"}
  "b.s${seed}": {train: pawsx, method: lora, seed: "${seed}"}
  "s.s${seed}":
    evaluate: ["a.s${seed}", "b.s${seed}"]
    on: pawsx
    split: test
    baseline: "b.s${seed}"
  "t.s${seed}": {retrieve: ["a.s${seed}", none], on: tatoeba, layers: [1]}
"""
    )
    call = ["plan", str(tmp_path / "r.yaml"), "--power", "--workdir", str(tmp_path / "w")]
    told = CliRunner().invoke(cli, [*call, "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)["power"]
    assert [(one["model"], one["baseline"], one["seeds"]) for one in found] == [
        ("a.s*", "b.s*", 3), ("a.s*", "none", 3)
    ]  # fmt: skip


def test_a_grid_of_seeds_is_told_and_counted_as_one(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(
        """
name: r
backbone: mini
data: pocket
matrix: {first: [1, 2, 3], last: [4, 5]}
stages:
  "nli.s${first}": {train: mnli, seed: "${first}"}
  "a.s${first}.s${last}": {train: pawsx, after: "nli.s${first}", seed: "${last}"}
  "b.s${last}": {train: pawsx, seed: "${last}"}
  "s.s${last}":
    evaluate: ["a.s${first}.s${last}", "b.s${last}"]
    on: pawsx
    split: test
    baseline: "b.s${last}"
"""
    )
    call = ["plan", str(tmp_path / "r.yaml"), "--power", "--workdir", str(tmp_path / "w")]
    told = CliRunner().invoke(cli, [*call, "--json"])
    assert told.exit_code == 0, told.output
    [found] = json.loads(told.stdout)["power"]
    assert (found["model"], found["baseline"]) == ("a.s*.s*", "b.s*")
    assert (found["seeds"], found["grid"]) == (2, [3, 2])
    assert found["detectable"]["5"] < found["finds"] < found["detectable"]["2"]
    shown = CliRunner().invoke(cli, call).output
    assert "3 x 2" in shown


@pytest.mark.parametrize(
    ("compare", "problem"),
    [
        ("baseline: bb", "compare.baseline: no stage measures `bb` (did you mean `b`?)"),
        ("equivalence: 0", "compare.equivalence: "),
        ("basline: b", "compare.basline: is not a known key (did you mean `baseline`?)"),
    ],
)
def test_what_cannot_be_compared_is_refused(compare: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(RECIPE.replace("baseline: b", compare))
    told = CliRunner().invoke(cli, ["validate", str(tmp_path / "r.yaml")])
    assert told.exit_code == 3
    assert problem in told.output
