"""The bundled data goes through the readers of the official layouts, every file of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import pytest

from adapterxlt.bundled import bundled
from adapterxlt.tasks.catalogue import catalogue, get_task
from adapterxlt.tasks.find import Found, available_languages, find
from adapterxlt.tasks.labels import is_labelled
from adapterxlt.tasks.read import read_bitext, read_examples, read_mining

LANGUAGES = {"en", "de", "es", "fr", "ru", "zh", "tr", "sw"}


@pytest.fixture(scope="module")
def pocket() -> Path:
    return bundled("artifacts/data/pocket")


def everything(pocket: Path) -> Iterator[Found]:
    """What the catalogue finds: each task, split and language once."""
    for task in catalogue().values():
        for split in task.splits:
            for language in available_languages(task, [pocket], split):
                yield find(task, [pocket], language, split)


def test_every_file_belongs_to_a_task(pocket: Path) -> None:
    found = {path for item in everything(pocket) for path in item.files.values()}
    data = {path for path in pocket.rglob("*") if path.parent != pocket and path.is_file()}
    assert found == data
    assert len(data) > 100


def test_every_file_can_be_read_and_is_labelled(pocket: Path) -> None:
    for item in everything(pocket):
        task, language, split = item.task, item.language, item.split
        if task.kind == "sentence_retrieval":
            bitext = read_bitext(task, [pocket], language)
            assert len(bitext.source) == 300, language
        elif task.kind == "bitext_mining":
            mining = read_mining(task, [pocket], language, split)
            assert mining.gold, (language, split)
            assert len(mining.gold) < len(mining.source)
        else:
            examples = read_examples(task, [pocket], language, split)
            assert len(examples) >= 100, (task.name, language, split)
            assert all(map(is_labelled, examples)), (task.name, language, split)


@pytest.mark.parametrize("name", ["xnli", "pawsx", "udpos", "panx", "xquad", "xcopa"])
def test_training_in_english_and_evaluation_in_all_languages(pocket: Path, name: str) -> None:
    task = get_task(name)
    assert available_languages(task, [pocket], "train") == ("en",)
    for split in ("dev", "test"):
        assert set(available_languages(task, [pocket], split)) == LANGUAGES


def test_a_copy_is_found_as_the_bundled_data_are(pocket: Path, tmp_path: Path) -> None:
    shutil.copytree(pocket, tmp_path / "copy")
    shutil.copytree(pocket, tmp_path / "wrapped/download")
    for task in catalogue().values():
        for split in task.splits:
            expected = available_languages(task, [pocket], split)
            for folder in ("copy", "wrapped"):
                assert available_languages(task, [tmp_path / folder], split) == expected
    assert set(available_languages(get_task("xquad"), [tmp_path / "copy"], "dev")) == LANGUAGES


def test_evaluation_files_are_parallel(pocket: Path) -> None:
    task = get_task("xnli")
    labels = {
        language: [example.label for example in read_examples(task, [pocket], language, "dev")]  # type: ignore[union-attr]
        for language in LANGUAGES
    }
    assert all(column == labels["en"] for column in labels.values())
    assert set(labels["en"]) == {0, 1, 2}


@pytest.mark.parametrize("name", ["xnli", "pawsx", "udpos", "panx", "squad", "copa"])
def test_training_examples_are_not_evaluated(pocket: Path, name: str) -> None:
    task = get_task(name)
    train, dev = (
        {astuple(example)[1:] for example in read_examples(task, [pocket], "en", split)}
        for split in ("train", "dev")
    )
    assert not train & dev
