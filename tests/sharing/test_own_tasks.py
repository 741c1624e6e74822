"""Folders of other libraries whose head predicts a task of the user's own, and cards of such."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.cli.main import cli
from adapterxlt.models.spec import read_spec
from tests.sharing.foreign import by_adapters

ENTRY = """\
kind: text_classification
labels: [entailment, contradiction, neutral]
languages: [en, sr-Latn]
format: csv
columns: {text: text, label: label}
files: "verdicts.{lang}.{split}.csv"
"""
RECIPE = """\
name: r
backbone: BACKBONE
data: .
tasks: [verdicts.yaml]
stages:
  theirs: {use: theirs, task: TASK}
  scores: {evaluate: theirs, on: verdicts, split: test}
"""


@pytest.fixture
def folder(tmp_path: Path, backbone: Backbone) -> Path:
    """An adapter that plain `adapters` saved, a task of one's own that it predicts, and data."""
    by_adapters(backbone.path, tmp_path / "theirs", "seq_bn")
    (tmp_path / "verdicts.yaml").write_text(ENTRY)
    rows = "text,label\nyes it is,entailment\nno it is not,contradiction\nwho knows,neutral\n"
    for language in ("en", "sr-Latn"):
        (tmp_path / f"verdicts.{language}.test.csv").write_text(rows)
    return tmp_path


def go(*arguments: object) -> Any:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_a_recipe_says_which_of_its_own_tasks_a_head_predicts(
    folder: Path, backbone: Backbone
) -> None:
    recipe, work = folder / "r.yaml", folder / "w"
    text = RECIPE.replace("BACKBONE", json.dumps(str(backbone.path)))
    recipe.write_text(text.replace("TASK", "verdict"))
    refused = go("validate", recipe, "--data", folder)
    assert "unknown task `verdict`" in refused.output + refused.stderr
    recipe.write_text(text.replace("TASK", "verdicts"))
    ran = go("run", recipe, "--workdir", work)
    assert ran.exit_code == 0, ran.output
    rows = json.loads((work / "results.json").read_text())["rows"]
    assert {row["language"] for row in rows} == {"en", "sr-Latn"}
    assert {row["n"] for row in rows} == {3}


def test_an_import_takes_tasks_from_a_file(folder: Path, backbone: Backbone) -> None:
    command = ("artifact", "import", folder / "theirs", "--backbone", backbone.path,
               "--workdir", folder / "w", "--task", "verdicts")  # fmt: skip
    unknown = go(*command)
    assert unknown.exit_code == 2
    assert "unknown task `verdicts`" in unknown.output + unknown.stderr
    found = go(*command, "--tasks", folder / "verdicts.yaml", "--json")
    assert found.exit_code == 0, found.output
    head = read_spec(Path(json.loads(found.output)["folder"])).head
    assert head is not None
    assert (head.kind, head.task) == ("text_classification", "verdicts")
    assert head.labels == ("entailment", "contradiction", "neutral")
