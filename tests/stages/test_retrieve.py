"""Which splits and layers of a retrieval task are measured."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.execution.run import run_recipe
from adapterxlt.plan.plan import make_plan, resolve_sources
from adapterxlt.recipe.load import load_recipe
from adapterxlt.results.outcomes import read_outcomes
from adapterxlt.stages.running.contamination import hash_texts
from adapterxlt.stages.running.text_hashes import TextHashes
from adapterxlt.store.store import STORE_FOLDER, Store
from tests.recipe.helpers import told
from tests.tiny import SENTENCES

RECIPE = """\
name: r
backbone: {backbone}
data: data
stages:
  search: {{retrieve: none, on: {on}, languages: deu_Latn, layers: {layers}}}
"""
# How many of the sentences are translations of each other, in order, by the name of a folder.
SPLITS = {"dev": SENTENCES[:5], "devtest": SENTENCES[5:12]}


def flores(folder: Path, *names: str) -> None:
    for name in names:
        place = folder / "data/flores200" / name
        place.mkdir(parents=True, exist_ok=True)
        for language in ("deu_Latn", "eng_Latn"):
            text = "".join(f"{line}\n" for line in SPLITS[name])
            (place / f"{language}.{name}").write_text(text, encoding="utf-8")


def recipe(folder: Path, backbone: Path, *, on: str = "flores200", layers: str = "[1, 2]") -> Path:
    path = folder / "r.yaml"
    path.write_text(RECIPE.format(backbone=backbone, on=on, layers=layers), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["dev", "devtest"], {"dev": 5, "test": 7}),
        (["devtest"], {"test": 7}),
        (["dev"], {"dev": 5}),
    ],
)
def test_each_split_that_has_files_is_measured_and_named(
    tmp_path: Path, tiny_backbone: Path, names: list[str], splits: dict[str, int]
) -> None:
    flores(tmp_path, *names)
    loaded = load_recipe(recipe(tmp_path, tiny_backbone))
    sources = resolve_sources(loaded.recipe, loaded.base)
    work = tmp_path / "work"
    done = run_recipe(loaded.recipe, workdir=work, sources=sources)
    assert {row.split: row.n for row in done.rows} == splits
    assert {row.value for row in done.rows if row.metric == "accuracy"} == {100.0}
    plan = make_plan(loaded.recipe, Store(work / STORE_FOLDER), sources)
    (planned,) = plan.steps
    blocks = read_outcomes(Store(work / STORE_FOLDER).path(planned.fingerprint))
    assert {(block.split, len(block.ids)) for block in blocks or []} == set(splits.items())


def test_a_cap_measures_the_first_pairs(tmp_path: Path, tiny_backbone: Path) -> None:
    flores(tmp_path, "dev", "devtest")
    path = recipe(tmp_path, tiny_backbone)
    path.write_text(path.read_text().replace("layers:", "cap: 6, layers:"), encoding="utf-8")
    loaded = load_recipe(path)
    sources = resolve_sources(loaded.recipe, loaded.base)
    done = run_recipe(loaded.recipe, workdir=tmp_path / "work", sources=sources)
    assert {(row.split, row.n, row.caps) for row in done.rows} == {
        ("dev", 5, "evaluate 6"),
        ("test", 6, "evaluate 6"),
    }
    store = Store(tmp_path / "work" / STORE_FOLDER)
    (planned,) = make_plan(loaded.recipe, store, sources).steps
    texts = TextHashes(sources).evaluated(planned.step, "deu_Latn")
    assert texts.tolist() == hash_texts([*SENTENCES[:5], *SENTENCES[5:11]]).tolist()


def test_a_submission_is_whole(tmp_path: Path, tiny_backbone: Path) -> None:
    path = recipe(tmp_path, tiny_backbone, on="tatoeba", layers="protocol")
    path.write_text(path.read_text().replace("layers:", "cap: 6, predictions: xtreme, layers:"))
    assert "stages.search.cap: a submission must hold a prediction for every example" in (
        "\n".join(told(path.read_text()))
    )


def test_training_data_are_not_searched(tmp_path: Path, tiny_backbone: Path) -> None:
    entry = tmp_path / "pairs.yaml"
    entry.write_text(
        """\
title: Pairs
kind: sentence_retrieval
languages: [de]
splits: [train, test]
layouts:
  - name: own
    format: bitext_columns
    files: {train: train.tsv, test: test.tsv}
    columns: {source: 0, target: 1}
""",
        encoding="utf-8",
    )
    for name, sentences in {"train": SENTENCES[:5], "test": SENTENCES[5:12]}.items():
        text = "".join(f"{line}\t{line}\n" for line in sentences)
        (tmp_path / f"{name}.tsv").write_text(text, encoding="utf-8")
    (tmp_path / "data").mkdir()
    path = recipe(tmp_path, tiny_backbone, on="pairs")
    path.write_text(
        path.read_text().replace("deu_Latn", "de").replace("data: data", "tasks: [pairs.yaml]")
    )
    loaded = load_recipe(path)
    sources = resolve_sources(loaded.recipe, loaded.base)
    done = run_recipe(loaded.recipe, workdir=tmp_path / "work", sources=sources)
    assert {(row.split, row.n) for row in done.rows} == {("test", 7)}


@pytest.mark.parametrize(
    ("layers", "measured"),
    [("protocol", [1]), ("[protocol]", [1]), ("all", [0, 1, 2]), ("[2, 0]", [0, 2])],
)
def test_layers(tmp_path: Path, tiny_backbone: Path, layers: str, measured: list[int]) -> None:
    flores(tmp_path, "devtest")
    loaded = load_recipe(recipe(tmp_path, tiny_backbone, layers=layers))
    sources = resolve_sources(loaded.recipe, loaded.base)
    (planned,) = make_plan(loaded.recipe, Store(tmp_path / "store"), sources).steps
    assert planned.step.params["layers"] == measured  # 14 / 24 of two layers is the first


def test_an_unknown_word_for_layers(tmp_path: Path, tiny_backbone: Path) -> None:
    path = recipe(tmp_path, tiny_backbone, on="tatoeba", layers="best")
    text = path.read_text(encoding="utf-8").replace("deu_Latn", "de")
    assert told(text) == [
        "5 stages.search.layers: must be `all`, `protocol` or a list of layer numbers"
    ]
