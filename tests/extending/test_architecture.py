"""A package adds an architecture: one entry, and its encoders are backbones as any other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import transformers
from click.testing import CliRunner

from adapterxlt.backbones.architectures import find, known
from adapterxlt.cli.main import cli
from adapterxlt.plugins import PluginError
from tests import encoders, tiny
from tests.plugin import installed

SOURCE = """
from dataclasses import replace

from adapterxlt.backbones.architectures.bert import BERT
from adapterxlt.backbones.rules import SIZES, one_of

ENTRY = replace(
    BERT,
    model_type="electra",
    classes="Electra",
    base="electra",
    keys={
        **BERT.keys,
        "model_type": one_of("electra"),
        "embedding_size": SIZES["hidden_size"],
    },
    pooler=False,
    activation="gelu",
    models={},
)
"""
NAMES = {"electra": "my_encoder:ENTRY"}


@pytest.fixture
def package(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "package"
    with installed(folder, group="architectures", names=NAMES, module="my_encoder", source=SOURCE):
        yield folder


def electra(folder: Path) -> Path:
    folder.mkdir()
    size = encoders.word_pieces(folder, "BertTokenizer")
    torch.manual_seed(0)
    config = transformers.ElectraConfig(
        **{**tiny.SIZES, "embedding_size": 32}, vocab_size=size, initializer_range=0.15
    )
    transformers.ElectraModel(config).save_pretrained(folder, safe_serialization=True)
    return folder


@pytest.mark.usefixtures("package")
def test_it_trains_evaluates_and_retrieves(tmp_path: Path) -> None:
    electra(tmp_path / "backbone")
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        "name: other\nbackbone: ./backbone\ndata: pocket\n"
        "training: {max_steps: 1, batch_size: 4, cap: 8, max_length: 64}\n"
        "stages:\n"
        "  pos: {train: udpos, method: seq_bn}\n"
        "  scores: {evaluate: [pos], on: udpos, languages: [de]}\n"
        "  search: {retrieve: [none, pos], on: tatoeba, languages: [de], layers: [0, 2],\n"
        "           max_length: 64}\n"
    )
    workdir = tmp_path / "w"
    ran = CliRunner().invoke(cli, ["run", str(recipe), "--workdir", str(workdir)])
    assert ran.exit_code == 0, ran.output
    rows = json.loads((workdir / "results.json").read_text())["rows"]
    assert {row["task"] for row in rows} == {"udpos", "tatoeba"}
    assert all("./backbone" in row["lineage"] for row in rows)


def test_without_the_package_its_encoders_are_refused(tmp_path: Path) -> None:
    folder = electra(tmp_path / "backbone")
    recipe = tmp_path / "r.yaml"
    recipe.write_text(f"name: r\nbackbone: {folder}\nstages: {{a: {{train: udpos}}}}\n")
    told = CliRunner().invoke(cli, ["plan", str(recipe), "--workdir", str(tmp_path / "w")])
    assert told.exit_code == 5
    assert "the unsupported type `electra`" in told.output


@pytest.mark.usefixtures("package")
def test_it_is_listed() -> None:
    assert "electra" in known()
    assert "electra" in CliRunner().invoke(cli, ["list", "backbones"]).output


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("bert", "BERT", "`bert`, which is built in"), ("electra", "SIZES", "not an Architecture")],
)
def test_what_cannot_be_added(tmp_path: Path, name: str, value: str, message: str) -> None:
    names = {name: f"my_encoder:{value}"}
    source = SOURCE
    with (
        installed(tmp_path, group="architectures", names=names, module="my_encoder", source=source),
        pytest.raises(PluginError, match=message),
    ):
        find(name)
