"""`adapterxlt validate`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke


def test_a_good_recipe(recipe: Path, invoke: Invoke) -> None:
    result = invoke("validate", recipe)
    assert (result.exit_code, result.stdout) == (0, f"{recipe}: ok\n")


def test_all_problems_of_all_recipes(recipe: Path, invoke: Invoke) -> None:
    bad = recipe.with_name("bad.yaml")
    bad.write_text(
        "name: bad\nstages:\n  a: {train: pawsx, metod: lora}\n  b: {merge: [a, c]}\n",
        encoding="utf-8",
    )
    result = invoke("validate", bad, recipe)
    assert result.exit_code == 3
    lines = result.stdout.splitlines()
    assert lines[0] == f"{bad}: 2 problems"
    assert lines[1].startswith(f"  {bad}:3: stages.a.metod: ")
    assert "did you mean `method`?" in lines[1]
    assert lines[2].startswith(f"  {bad}:4: stages.b.merge")
    assert lines[3:] == [f"{recipe}: ok"]


def test_json(recipe: Path, invoke: Invoke) -> None:
    result = invoke("validate", recipe, "--set", "stages.direct.lr=fast", "--json")
    assert result.exit_code == 3
    document = json.loads(result.stdout)
    assert document["schema"] == 1
    (entry,) = document["recipes"]
    assert (entry["recipe"], entry["ok"]) == (str(recipe), False)
    assert [problem["path"] for problem in entry["problems"]] == ["stages.direct.lr"]


def test_methods_are_checked_against_the_backbone(recipe: Path, invoke: Invoke) -> None:
    method = "method=seq_bn[leave_out=[7]]"
    result = invoke(
        "validate", recipe, "--set", f"stages.direct.{method}", "--set", f"stages.again.{method}"
    )
    assert result.exit_code == 3
    assert "there is no layer 7" in result.stdout


def test_without_the_backbone_the_rest_is_checked(recipe: Path, invoke: Invoke) -> None:
    result = invoke("validate", recipe, "--set", "backbone=./absent")
    assert (result.exit_code, result.stdout) == (0, f"{recipe}: ok\n")
    assert "layers and sizes were not checked" in result.stderr


def test_a_misspelt_name_of_a_bundled_recipe(invoke: Invoke) -> None:
    result = invoke("validate", "quickstrt")
    assert result.exit_code == 2
    assert "did you mean `quickstart`?" in result.stderr


def test_a_recipe_that_is_missing_does_not_hide_the_others(
    recipe: Path, invoke: Invoke, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: bad\nstages:\n  a: {train: pawsx, metod: lora}\n", encoding="utf-8")
    texts = (recipe, tmp_path / "no.yaml", bad, "quickstrt")
    result = invoke("validate", *texts)
    assert result.exit_code == 2
    assert result.stdout.startswith(f"{recipe}: ok\n{bad}: 1 problem\n  {bad}:3: stages.a.metod")
    assert f"error: recipe {tmp_path / 'no.yaml'}: no such file" in result.stderr
    assert "error: recipe quickstrt: no such file" in result.stderr
    result = invoke("validate", *texts, "--json")
    assert result.exit_code == 2
    told = {one["recipe"]: one["problems"] for one in json.loads(result.stdout)["recipes"]}
    assert [len(told[str(text)]) for text in texts] == [0, 1, 1, 1]
    assert told["quickstrt"][0]["message"].startswith("recipe quickstrt: no such file")


def test_a_bundled_recipe_by_name(invoke: Invoke) -> None:
    result = invoke("validate", "quickstart")
    assert (result.exit_code, result.stdout) == (0, "quickstart: ok\n")


def test_a_backbone_that_is_not_here_is_named_once(
    tmp_path: Path, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    paths = []
    for name in ("a", "b", "c"):
        paths.append(tmp_path / f"{name}.yaml")
        paths[-1].write_text(
            f"name: {name}\nbackbone: xlm-roberta-large\nstages: {{nli: {{train: mnli}}}}\n"
        )
    result = invoke("validate", *paths)
    assert result.exit_code == 0
    assert result.stderr.count("layers and sizes were not checked") == 1
    assert "a.yaml and 2 more: " in result.stderr
    assert "did you mean" not in result.stderr


def test_a_data_folder_that_is_not_here_is_a_warning(recipe: Path, invoke: Invoke) -> None:
    result = invoke("validate", recipe, "--data", "/absent", "--data", "pocket")
    assert (result.exit_code, result.stdout) == (0, f"{recipe}: ok\n")
    assert result.stderr == f"{recipe}: warning: data folder `/absent` does not exist\n"
