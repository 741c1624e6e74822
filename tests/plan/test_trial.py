"""`--trial`: a recipe in small."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.plan.trial import in_small
from adapterxlt.recipe.load import load_text
from adapterxlt.recipe.schema import Recipe
from adapterxlt.stages.evaluate import EvaluateStage
from adapterxlt.stages.retrieve import RetrieveStage

TEXT = """
name: r
training: {epochs: 5, keep: best, dev_cap: 500, cap: 100}
stages:
  nli: {train: xnli}
  para: {train: pawsx, dev_cap: 3}
  pos: {train: [udpos, {task: panx, cap: 2}], language: [en, de], max_steps: 9}
  fused: {fuse: [nli, para], train: pawsx, keep: last}
  scores: {evaluate: nli, on: xnli, cap: 4}
  search: {retrieve: nli, on: [tatoeba, bucc2018]}
  german: {retrieve: nli, on: tatoeba, languages: [de, fr, ru, zh], cap: 7}
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    names = ["xnli/dev-en", "pawsx/train-en", "pawsx/dev-en"]
    names += [f"{task}/{split}" for task in ("udpos", "panx") for split in ("train-en", "dev-en")]
    for name in [*names, "udpos/dev-de", "panx/train-de", "panx/dev-de"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.tsv").write_text("a\tb\t1\n")
    (tmp_path / "tatoeba/v1").mkdir(parents=True)
    for code in ("ara", "deu", "rus", "cmn"):
        for side in (code, "eng"):
            (tmp_path / f"tatoeba/v1/tatoeba.{code}-eng.{side}").write_text("a\n")
    (tmp_path / "bucc2018").mkdir()
    for side in ("ru", "en", "gold"):
        (tmp_path / f"bucc2018/ru-en.dev.{side}").write_text("a\tb\n")
    return tmp_path


@pytest.fixture
def small(data: Path) -> tuple[Recipe, list[str]]:
    return in_small(load_text(TEXT).recipe, 20, [data])


def test_everything_is_capped_and_trained_for_one_epoch(small: tuple[Recipe, list[str]]) -> None:
    recipe, _ = small
    assert recipe.name == "r-trial"
    caps = {name: [part.cap for part in recipe.parts_of(name)] for name in ("nli", "pos", "fused")}
    assert caps == {"nli": [20], "pos": [20, 20, 2, 2], "fused": [20]}
    for name in ("nli", "para", "pos", "fused"):
        settings = recipe.training_of(name)
        assert (settings.epochs, settings.max_steps) == (1, None)
    assert recipe.training_of("para").dev_cap == 3
    scores = recipe.stages["scores"]
    assert isinstance(scores, EvaluateStage)
    assert scores.cap == 4
    search, german = recipe.stages["search"], recipe.stages["german"]
    assert isinstance(search, RetrieveStage)
    assert isinstance(german, RetrieveStage)
    assert search.languages == ["ru"]  # BUCC has no more here
    assert german.languages == ["de", "ru"]
    assert (search.cap, german.cap) == (20, 7)


@pytest.mark.parametrize(
    ("count", "steps", "kept"),
    [(40, 6, False), (96, 3, True), (96, 4, False), (8, 1, True), (8, 2, False)],
)
def test_no_more_steps_than_the_recipe_asks_for(
    count: int, steps: int, kept: bool, data: Path
) -> None:
    """An epoch of 96 examples is 3 steps of 32."""
    text = f"name: r\ntraining: {{max_steps: {steps}}}\nstages:\n  a: {{train: pawsx}}\n"
    lexicon = "  b: {align: en_sw.tsv, layer: 1, cap: 500}\n"
    recipe, _ = in_small(load_text(text + lexicon).recipe, count, [data])
    for name in ("a", "b"):
        settings = recipe.training_of(name)
        assert settings.cap == (count if name == "b" else None)
        assert (settings.epochs, settings.max_steps) == ((None, steps) if kept else (1, None))


def test_dev_stands_in_for_training_files_that_are_missing(
    small: tuple[Recipe, list[str]],
) -> None:
    recipe, notes = small
    splits = {
        name: [part.split for part in recipe.parts_of(name)]
        for name in ("nli", "para", "pos", "fused")
    }
    assert splits == {
        "nli": ["dev"],
        "para": ["train"],
        "pos": ["dev", "dev", "train", "train"],  # UDPOS in German has no training file
        "fused": ["train"],
    }
    assert [recipe.training_of(name).keep for name in splits] == ["last", "best", "last", "last"]
    assert notes == [
        "these tasks have no training files, so they train on the dev split: xnli, udpos",
        (
            "these stages have no dev split left to choose the best epoch, so they keep the "
            "last: nli, pos"
        ),
    ]


def test_without_any_files_nothing_is_pretended(tmp_path: Path) -> None:
    recipe, notes = in_small(load_text(TEXT).recipe, 20, [tmp_path])
    assert [part.split for part in recipe.parts_of("nli")] == ["train"]
    assert notes == [
        (
            "these stages have no dev split left to choose the best epoch, so they keep the "
            "last: nli, para, pos"
        )
    ]
