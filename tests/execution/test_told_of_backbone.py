"""What a recipe tells of its backbone shows in the results."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.cli.main import cli
from adapterxlt.plan.plan import resolve_sources
from adapterxlt.recipe.load import load_recipe
from adapterxlt.stages.running.contamination import describe_overlap, hash_texts
from adapterxlt.stages.running.text_hashes import TextHashes
from adapterxlt.tasks.read import read_examples
from adapterxlt.tasks.texts import texts_of

RECIPE = """
name: r
backbone: {name: mini, seen: [udpos], prefix: "query: "}
data: pocket
stages:
  search: {retrieve: [none], on: tatoeba, languages: [de], layers: [2]}
"""


def test_the_prefix_is_named(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(RECIPE)
    ran = CliRunner().invoke(
        cli, ["run", str(tmp_path / "r.yaml"), "--workdir", str(tmp_path / "w")]
    )
    assert ran.exit_code == 0, ran.output
    rows = json.loads((tmp_path / "w" / "results.json").read_text())["rows"]
    assert {row["protocol"] for row in rows} == {'xtreme-2020, prefix "query: "'}


def test_texts_its_makers_trained_on_are_known(tmp_path: Path) -> None:
    (tmp_path / "r.yaml").write_text(RECIPE)
    loaded = load_recipe(tmp_path / "r.yaml", find_backbone=resolve_backbone)
    sources = resolve_sources(loaded.recipe, loaded.base, loaded.backbone)
    task = sources.tasks["udpos"]
    english = hash_texts(texts_of(read_examples(task, sources.roots, "en", "train")))
    seen = TextHashes(sources).pretrained("udpos")
    assert np.isin(english, seen).all()
    told = describe_overlap(english[:3], {"pretraining (udpos)": seen})
    assert told == "pretraining (udpos) 3 of 3 texts"
    assert not TextHashes(sources).pretrained("tatoeba").size  # nothing to train on
