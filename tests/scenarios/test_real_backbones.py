"""A real encoder, kept in the layouts of several architectures, is one and the same to a user.

ADAPTERXLT_REAL_BACKBONES names its folders, joined as in PATH: each holds the same weights and the
same tokenizer, with the names and the config.json of another architecture.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.models.load import load
from adapterxlt.progress import Silent
from adapterxlt.vectors.encode import encode_grid
from tests.scenarios.program import Cli

VARIABLE = "ADAPTERXLT_REAL_BACKBONES"
SENTENCES = [
    "A dog runs through the park, and nobody follows it.",
    "Ein Hund läuft durch den Park.",
    "Собака бежит по парку.",
    "एक कुत्ता पार्क में दौड़ता है।",
    "كلب يركض في الحديقة.",
    "一只狗在公园里奔跑。",
    "สุนัขวิ่งในสวนสาธารณะ",
    "犬が公園を走っている。",
    "",
]
RECIPE = """\
name: layouts
backbone: {backbone}
data: pocket
seed: 1
training: {{max_steps: 4, batch_size: 8, cap: 64}}
stages:
  nli: {{train: mnli, method: "lora[r=8]"}}
  tags: {{train: udpos, method: seq_bn}}
  scores: {{evaluate: nli, on: xnli, languages: [en, sw], split: test, cap: 40}}
  words: {{evaluate: tags, on: udpos, languages: [de], cap: 20}}
  search: {{retrieve: none, on: tatoeba, languages: [de], layers: [8]}}
"""


@pytest.fixture(scope="module")
def folders() -> list[Path]:
    told = [Path(part) for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part]
    if len(told) < 2:
        pytest.skip(f"{VARIABLE} does not name the folders of a real encoder in two layouts")
    return told


def test_equal_vectors_of_sentences_in_many_scripts(folders: list[Path]) -> None:
    found = []
    for folder in folders:
        backbone = inspect_backbone("real", folder)
        vectors = encode_grid(
            load(backbone, None), SENTENCES, layers=[0, backbone.layers // 2, backbone.layers],
            poolings=["mean", "cls"], max_length=128, token_budget=1024, progress=Silent(),
        )  # fmt: skip
        found.append((backbone.model_type, vectors))
    assert len({model_type for model_type, _ in found}) == len(folders)
    (_, first), *others = found
    for model_type, vectors in others:
        for key, expected in first.items():
            assert np.abs(expected).max() > 0.01, key
            np.testing.assert_allclose(vectors[key], expected, atol=1e-4, err_msg=model_type)


def test_one_recipe_gives_the_same_results(folders: list[Path], cli: Cli, tmp_path: Path) -> None:
    values: list[dict[tuple[Any, ...], float]] = []
    for number, folder in enumerate(folders):
        recipe = tmp_path / f"{number}.yaml"
        recipe.write_text(RECIPE.format(backbone=json.dumps(str(folder))), encoding="utf-8")
        done = cli("run", recipe, "--workdir", tmp_path / str(number), "--json")
        assert done.returncode == 0, done.stderr
        rows = json.loads(done.stdout)["results"]
        values.append(
            {
                (row["stage"], row["task"], row["language"], row["metric"]): row["value"]
                for row in rows
            }
        )
    first, *others = values
    assert {task for _, task, _, _ in first} == {"xnli", "udpos", "tatoeba"}
    for other in others:
        assert other == pytest.approx(first, abs=1e-6)
