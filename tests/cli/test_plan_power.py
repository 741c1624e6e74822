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
    assert "differences vary by 1 point between seeds" in first["noise"]["source"]
    assert document["comparisons"] == 3
    assert first["finds_corrected"] > first["finds"]
    assert first["detectable"]["10"] < first["detectable"]["2"]
    assert document["cost"]["steps"] == document["cost"]["unknown"] == len(document["steps"])
    shown = CliRunner().invoke(cli, call)
    assert "80 of 100 such studies" in shown.output
    assert "divided by the number of comparisons (3)" in shown.output
    assert not (tmp_path / "w").exists()


def test_outcomes_of_another_recipe_replace_the_guess(tmp_path: Path, tiny_backbone: Path) -> None:
    work = ["--workdir", str(tmp_path / "w")]
    for name in ("first", "second"):
        (tmp_path / f"{name}.yaml").write_text(
            f"""
name: {name}
backbone: {tiny_backbone}
data: pocket
training: {{max_steps: 1, cap: 8}}
stages:
  a: {{train: pawsx}}
  b: {{train: pawsx, method: lora}}
  s: {{evaluate: [a, b], on: pawsx, languages: [en, de], cap: 20, baseline: b}}
"""
        )
    plan = ["plan", str(tmp_path / "second.yaml"), "--power", "--json", *work]
    [before] = json.loads(CliRunner().invoke(cli, plan).stdout)["power"]
    assert before["noise"]["source"].startswith("a guess: 70 %")
    done = CliRunner().invoke(cli, ["run", str(tmp_path / "first.yaml"), *work])
    assert done.exit_code == 0, done.output
    [after] = json.loads(CliRunner().invoke(cli, plan).stdout)["power"]
    # Both models say the same after one step, which 20 examples do not show to be so elsewhere.
    assert after["noise"]["source"].startswith(
        "outcomes of 1 seed without a difference, so that up to 15 % of the examples may differ, "
        "and a guess: differences vary"
    )
    assert after["finds"] > 15
    path = tmp_path / "w/results.json"
    results = json.loads(path.read_text())
    results["rows"][0]["value"] += 1
    path.write_text(json.dumps(results))
    told = CliRunner().invoke(cli, plan)
    assert f"warning: {path}: 1 value of stage `s` of first is not what was measured" in told.stderr


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


def test_a_baseline_of_one_seed_is_told_and_costs_power(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(
        """
name: r
backbone: mini
data: pocket
matrix: {seed: [1, 2, 3]}
stages:
  direct: {train: pawsx, method: lora}
  "a.s${seed}": {train: pawsx, seed: "${seed}"}
  scores: {evaluate: [direct, "a.s${seed}"], on: pawsx, baseline: direct}
"""
    )
    call = ["plan", str(tmp_path / "r.yaml"), "--power", "--workdir", str(tmp_path / "w")]
    told = CliRunner().invoke(cli, [*call, "--json"])
    assert told.exit_code == 0, told.output
    [found] = json.loads(told.stdout)["power"]
    assert (found["model"], found["baseline"], found["seeds"]) == ("a.s*", "direct", 3)
    shown = CliRunner(env={"COLUMNS": "120"}).invoke(cli, call).output
    assert "3 against 1" in shown
    assert f"{found['detectable']['3']:.1f}" not in shown.split("3 against 1")[1].split()[0]


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


def power(tmp_path: Path, stages: str) -> list[dict[str, object]]:
    """What is said of the comparisons of a recipe."""
    (tmp_path / "r.yaml").write_text(
        f"name: r\nbackbone: mini\ndata: [pocket, {tmp_path}]\nstages:\n{stages}"
    )
    call = ["plan", str(tmp_path / "r.yaml"), "--power", "--workdir", str(tmp_path / "w")]
    told = CliRunner().invoke(cli, [*call, "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)["power"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(("cap", "entries"), [("", 4), (", cap: 3", 3)])
def test_of_a_lexicon_the_measured_entries_count(cap: str, entries: int, tmp_path: Path) -> None:
    (tmp_path / "en_hi.tsv").write_text("".join(f"word{n}\tshabd{n}\n" for n in range(40)))
    [found] = power(
        tmp_path,
        "  lexical: {align: en_hi.tsv, method: lora, max_steps: 2, layer: 2, loss: infonce}\n"
        f"  words: {{probe: [none, lexical], on: en_hi.tsv{cap}}}\n",
    )
    assert (found["model"], found["baseline"], found["task"]) == ("lexical", "none", "en_hi")
    assert (found["split"], found["languages"], found["examples"]) == ("held-out", 1, entries)


def test_guesses_and_what_is_no_percentage_are_not_compared(tmp_path: Path) -> None:
    (tmp_path / "mlm").mkdir()
    for split in ("train", "dev"):
        (tmp_path / "mlm" / f"sw.{split}.txt").write_text("Habari za asubuhi.\n" * 9)
    found = power(
        tmp_path,
        "  nli: {train: mnli}\n"
        "  more: {train: mlm, language: sw, after: nli}\n"
        "  fresh: {train: mlm, language: sw}\n"
        "  guess: {suggest: [none, nli], on: udpos}\n"
        "  texts: {evaluate: [fresh, more], on: mlm, languages: [sw]}\n"
        "  search: {retrieve: [none, nli], on: tatoeba}\n",
    )
    assert [(one["model"], one["baseline"], one["task"]) for one in found] == [
        ("nli", "none", "tatoeba")
    ]


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


def test_models_of_other_names_are_questions_of_their_own_as_in_the_report(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(
        """
name: r
backbone: mini
data: pocket
stages:
  one: {train: pawsx, method: lora}
  two: {train: pawsx, method: lora, seed: 2}
  mean: {merge: [one, two]}
  s: {evaluate: [one, two, mean], on: pawsx, split: test, cap: 20, baseline: one}
"""
    )
    done = CliRunner().invoke(cli, ["plan", str(tmp_path / "r.yaml"), "--power", "--json"])
    found = json.loads(done.stdout)
    told = [(one["model"], one["baseline"], one["seeds"]) for one in found["power"]]
    assert (told, found["comparisons"]) == ([("two", "one", 1), ("mean", "one", 1)], 2)


def test_what_one_example_cannot_detect_is_no_number(tmp_path: Path) -> None:
    recipe = RECIPE.replace("cap: 50", "cap: 1")
    (tmp_path / "r.yaml").write_text(recipe[: recipe.index("  t: ")])
    done = CliRunner(env={"COLUMNS": "120"}).invoke(
        cli, ["plan", str(tmp_path / "r.yaml"), "--power"]
    )
    [line] = [each for each in done.output.splitlines() if "pawsx test" in each]
    assert "> 100" in line
    assert done.exit_code == 0


def test_a_language_of_training_is_a_comparison_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "few.yaml"
    path.write_text(
        """
name: few
backbone: mini
data: pocket
stages:
  english: {train: pawsx}
  few: {train: {task: pawsx, language: sw, split: dev, shots: 10}, after: english}
  s: {evaluate: [english, few], on: pawsx, split: test, languages: [en, de, fr, sw], cap: 20}
"""
    )
    call = ["plan", str(path), "--power", "--workdir", str(tmp_path / "w")]
    document = json.loads(CliRunner().invoke(cli, [*call, "--json"]).stdout)
    told = [(one["languages"], one["trained_in"], one["examples"]) for one in document["power"]]
    assert told == [(2, [], 40), (1, ["sw"], 20)]
    assert document["comparisons"] == 2
    wide = CliRunner(env={"COLUMNS": "160"})
    shown = " ".join(wide.invoke(cli, call).output.split())
    assert "few english pawsx test in sw 1 20 1" in shown
