"""`adapterxlt plan`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapterxlt.store.store import Store
from tests.cli.conftest import Invoke
from tests.store.checkpoints import begin

STEPS = ["direct", "again", "scores/direct/pawsx", "scores/again/pawsx"]


def test_the_graph_of_a_new_recipe(recipe: Path, tmp_path: Path, invoke: Invoke) -> None:
    result = invoke("plan", recipe, "--workdir", tmp_path / "w")
    assert result.exit_code == 0, result.output
    rows = [line.split() for line in result.stdout.splitlines()]
    assert ["direct", "train", "to", "do", "never", "run"] in rows
    assert ["again", "train", "direct", "to", "do", "never", "run"] in rows
    assert f"0 of 4 steps are done in {tmp_path / 'w'}" in result.stdout
    assert not (tmp_path / "w").exists()  # looking changes nothing


def test_json(recipe: Path, tmp_path: Path, invoke: Invoke) -> None:
    result = invoke("plan", recipe, "--workdir", tmp_path / "w", "--json")
    document = json.loads(result.stdout)
    assert (document["schema"], document["recipe"]) == (1, "tiny")
    assert [step["id"] for step in document["steps"]] == STEPS
    assert {step["status"] for step in document["steps"]} == {"todo"}
    assert all(len(step["fingerprint"]) == 64 for step in document["steps"])
    assert document["steps"][1]["inputs"] == ["direct"]


def test_explain_names_what_a_result_depends_on(
    recipe: Path, tmp_path: Path, invoke: Invoke
) -> None:
    result = invoke("plan", recipe, "--workdir", tmp_path / "w", "--explain")
    assert result.exit_code == 0
    text = result.stdout
    assert '"lr": 0.001' in text
    assert '  inputs: {"direct": "' in text


def test_a_trial_is_planned_in_small(recipe: Path, tmp_path: Path, invoke: Invoke) -> None:
    (tmp_path / "data/pawsx/train-en.tsv").unlink()
    result = invoke("plan", recipe, "--trial", 3, "--workdir", tmp_path / "w", "--json")
    assert result.exit_code == 0, result.output
    assert (
        result.stderr
        == "trial: these tasks have no training files, so they train on the dev split: pawsx\n"
    )
    document = json.loads(result.stdout)
    assert document["recipe"] == "tiny-trial"
    params = [step["parts"]["params"] for step in document["steps"]]
    assert [(one["cap"], one["split"]) for one in params] == [(3, "dev")] * 4
    assert invoke("plan", recipe, "--trial", 0).exit_code == 2


def test_set_changes_what_depends_on_it(recipe: Path, tmp_path: Path, invoke: Invoke) -> None:
    def fingerprints(*options: str) -> dict[str, str]:
        result = invoke("plan", recipe, "--workdir", tmp_path / "w", "--json", *options)
        return {step["id"]: step["fingerprint"] for step in json.loads(result.stdout)["steps"]}

    before, after = fingerprints(), fingerprints("--set", "stages.again.lr=3e-4")
    changed = {step for step in STEPS if before[step] != after[step]}
    assert changed == {"again", "scores/again/pawsx"}


def test_missing_data(recipe: Path, invoke: Invoke) -> None:
    (recipe.parent / "data" / "pawsx" / "train-en.tsv").unlink()
    result = invoke("plan", recipe)
    assert result.exit_code == 5
    assert "no train data of `pawsx` in language `en`" in result.stderr
    assert "train-en.tsv" in result.stderr


def test_missing_data_folder(recipe: Path, invoke: Invoke) -> None:
    result = invoke("plan", recipe, "--data", recipe.parent / "absent")
    assert result.exit_code == 5
    assert "does not exist" in result.stderr


def test_data_is_meant_from_the_current_folder(
    recipe: Path, tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "data").mkdir(parents=True)
    monkeypatch.chdir(elsewhere)
    result = invoke("plan", recipe, "--data", "data")  # not the `data` beside the recipe
    assert result.exit_code == 5
    assert "pawsx" in result.stderr


def test_files_without_a_column_are_told_before_anything_runs(
    recipe: Path, tmp_path: Path, invoke: Invoke
) -> None:
    entry = tmp_path / "topics.yaml"
    entry.write_text(
        "kind: text_classification\nlabels: [a, b]\nlanguages: [en, sw, de]\nformat: csv\n"
        "files: '{lang}.{split}.csv'\ncolumns: {text: text, label: label}\n"
    )
    (tmp_path / "en.train.csv").write_text("text,label\nx,a\n")
    for language, header in (("en", "text,label"), ("sw", "text,topic"), ("de", "words,label")):
        (tmp_path / f"{language}.test.csv").write_text(f"{header}\nx,a\n")
    stages = "{nli: {train: topics, method: seq_bn}, s: {evaluate: nli, on: topics, split: test}}"
    set_ = ["--set", f"stages={stages}", "--tasks", entry]
    for verb in ("plan", "run"):
        result = invoke(verb, recipe, *set_, "--workdir", tmp_path / "w")
        assert result.exit_code == 5
        assert (
            f"{tmp_path / 'sw.test.csv'}:1: does not have the column `label`, only text, topic"
            in (result.stderr)
        )
        assert f"{tmp_path / 'de.test.csv'}:1: does not have the column `text`, only words" in (
            result.stderr
        )
    assert not list((tmp_path / "w").glob("store/*/"))


def test_a_stopped_training_says_from_where_it_goes_on(
    recipe: Path, tmp_path: Path, invoke: Invoke
) -> None:
    asked = ("plan", recipe, "--workdir", tmp_path / "w")
    steps = json.loads(invoke(*asked, "--json").stdout)["steps"]
    assert "begun" not in steps[0]
    staging = Store(tmp_path / "w/store").open_staging(steps[0]["fingerprint"])
    begin(staging, 40, 200)
    rows = [line.split() for line in invoke(*asked).stdout.splitlines()]
    assert [
        "direct",
        "train",
        *["to", "do,", "from", "step", "40", "of", "200"],
        "never",
        "run",
    ] in rows
    assert ["again", "train", "direct", "to", "do", "never", "run"] in rows
    steps = json.loads(invoke(*asked, "--json").stdout)["steps"]
    assert (steps[0]["status"], steps[0]["begun"]) == ("todo", {"step": 40, "steps": 200})


def test_what_a_plan_refuses_has_lines_and_comes_at_once(
    tmp_path: Path, tiny_backbone: Path, invoke: Invoke
) -> None:
    path = tmp_path / "madx.yaml"
    path.write_text(
        f"name: madx\nbackbone: {tiny_backbone}\ndata: pocket\nstages:\n"
        "  lang_en: {train: {task: mlm, language: en}, method: seq_bn_inv}\n"
        '  madx: {train: pawsx, language_adapters: "lang_{language}"}\n'
        "  s: {evaluate: madx, on: pawsx, languages: all}\n"
        "  t: {evaluate: madx, on: pawsx, languages: all, split: dev}\n"
    )
    result = invoke("plan", path, "--workdir", tmp_path / "w")
    assert result.exit_code == 3
    first, *problems = result.stderr.splitlines()
    assert first == "error: the recipe has 2 problems"
    told = "`madx` has no language adapter for"
    assert problems[0].startswith(f"  {path}:7: stages.s: {told}")
    assert problems[1].startswith(f"  {path}:8: stages.t: {told}")
