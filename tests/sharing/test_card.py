"""The card: what it says can be done with the artifact can be done."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.cli.main import cli
from adapterxlt.sharing.card import escape, write_card
from adapterxlt.sharing.transport import prepared
from adapterxlt.store.manifest import read_manifest
from tests.sharing.make import small_artifact

Stages = dict[str, Path]


def blocks(card: str, language: str = "") -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", card, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    ("name", "commands"),
    [
        ("nli", ["import"]),
        ("over", ["import", "export"]),
        ("both", ["import", "export"]),
        ("whole", ["import", "export"]),
    ],
)
def test_its_commands_run(
    stages: Stages,
    backbone: Backbone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    commands: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with prepared(stages[name], backbone=str(backbone.path)) as (source, _):
        card = (source.where / "README.md").read_text()
        found = []
        for line in blocks(card):
            words = shlex.split(line.replace("THIS_FOLDER_OR_BUNDLE", str(source.where)))
            assert words[:2] == ["adapterxlt", "artifact"]
            found.append(words[2])
            result = CliRunner().invoke(cli, [*words[1:], "--backbone", str(backbone.path)])
            assert result.exit_code == 0, result.output
    assert found == commands


def test_its_python_runs_in_plain_adapters(
    stages: Stages, backbone: Backbone, tmp_path: Path
) -> None:
    with prepared(stages["nli"], backbone=str(backbone.path)) as (source, _):
        (code,) = blocks((source.where / "README.md").read_text(), "python")
        names = f"BACKBONE, THIS_FOLDER = {str(backbone.path)!r}, {str(source.where)!r}\n"
        shown = "\nprint(model.active_adapters, model.active_head)"
        result = subprocess.run(
            [sys.executable, "-c", names + code + shown],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.stdout.strip() == "Stack[nli] nli", result.stderr[-2000:]


def test_its_metadata(stages: Stages, backbone: Backbone) -> None:
    with prepared(stages["over"], license="mit", backbone=str(backbone.path)) as (source, _):
        card = (source.where / "README.md").read_text()
    data = yaml.safe_load(card.split("---\n")[1])
    assert data["base_model"] == "tiny"
    assert "datasets" not in data  # where they were from is not recorded
    assert "| data | mnli: data not recorded, udpos: data not recorded |" in card
    assert data["language"] == ["en"]
    assert data["license"] == "mit"
    assert data["library_name"] == "adapterxlt"
    assert "| labels of udpos | X, Y |" in card
    assert "| lineage | tiny > mnli (seq_bn) > udpos (seq_bn, stacked) |" in card


def test_scores_and_contamination(tmp_path: Path) -> None:
    manifest = read_manifest(small_artifact(tmp_path / "made").where)
    score = {
        "task": "xnli",
        "language": "de",
        "split": "dev",
        "metric": "accuracy",
        "value": 51.54,
        "n": 200,
        "contamination": "3 of 200 texts",
    }
    card = write_card(manifest, [score], "adapter")
    assert "| xnli | data not recorded | dev | de | accuracy | 51.5 ! | 200 |" in card
    assert "pocket" not in card
    assert "- xnli de: 3 of 200 texts" in card
    (model,) = yaml.safe_load(card.split("---\n")[1])["model-index"]
    (result,) = model["results"]
    assert result["task"] == {"type": "text-classification", "name": "xnli"}
    assert result["dataset"]["config"] == "de"
    assert result["metrics"][0]["value"] == 51.54


@pytest.mark.parametrize(
    ("layer", "kinds", "expected"),
    [
        (None, {"mine": "tagging"}, "token-classification"),
        (None, {"alike": "span_qa"}, "question-answering"),
        (None, {"a": "span_qa", "b": "tagging"}, "other"),
        (None, {"alike": "of-a-package"}, "other"),
        (3, {"alike": "tagging"}, "sentence-similarity"),
    ],
)
def test_tasks_of_one_s_own_are_of_the_kind_of_what_measured_them(
    tmp_path: Path, layer: int | None, kinds: dict[str, str], expected: str
) -> None:
    manifest = read_manifest(small_artifact(tmp_path / "made").where)
    score = {"task": "mine", "language": "wo", "split": "test", "metric": "f1", "value": 1.0}
    card = write_card(manifest, [{**score, "n": 9, "layer": layer}], "adapter", kinds)
    (model,) = yaml.safe_load(card.split("---\n")[1])["model-index"]
    assert model["results"][0]["task"] == {"type": expected, "name": "mine"}


def test_data_are_called_what_they_are(tmp_path: Path) -> None:
    manifest = read_manifest(small_artifact(tmp_path / "made").where)
    (step,) = manifest.lineage["steps"]
    step["origins"] = {"mnli": ["folder:own", "hub:nyu-mll/glue@1"]}
    score = {"task": "xnli", "language": "de", "split": "dev", "metric": "accuracy"}
    card = write_card(manifest, [{**score, "value": 50.0, "n": 9, "data": ["pocket"]}], "adapter")
    assert "| data | mnli: folder own and nyu-mll/glue |" in card
    assert "`pocket` is small data that adapterxlt generates itself" in card
    assert "| xnli | pocket | dev |" in card
    data = yaml.safe_load(card.split("---\n")[1])
    assert data["datasets"] == ["nyu-mll/glue"]
    (model,) = data["model-index"]
    assert model["results"][0]["dataset"]["type"] == "pocket"
    assert model["results"][0]["dataset"]["name"] == "xnli (de), pocket"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mini > mnli (seq_bn, 48 examples)", "mini > mnli (seq_bn, 48 examples)"),
        ("a\n# <b>[x](y)|`", r"a # \<b>\[x\](y)\|\`"),
        ("![i](x)", r"!\[i\](x)"),
        ("# head", r"\# head"),
        ("> quoted", r"\> quoted"),
        ("--- line", r"\--- line"),
        ("12. item", r"12\. item"),
        ("_a_ *b* ~~c~~", r"\_a\_ \*b\* \~\~c\~\~"),
        ("x\\_y & &lt;", r"x\\\_y &amp; &amp;lt;"),
        ("\x1b[2J", r"?\[2J"),
    ],
)
def test_nothing_becomes_markup(text: str, shown: str) -> None:
    assert escape(text) == shown
