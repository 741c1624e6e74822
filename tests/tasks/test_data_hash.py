from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.data_hash import data_hash

from .conftest import Write


def test_contents_count_and_places_do_not(write: Write, tmp_path: Path) -> None:
    for code in ("de", "en"):
        write(f"one/xnli/dev-{code}.tsv", f"{code}\tb\tneutral\n")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    task, one, two = get_task("xnli"), tmp_path / "one", tmp_path / "two"
    both = data_hash(task, [one], ["de", "en"], "dev")
    assert len(both) == 64
    assert data_hash(task, [two], ["en", "de", "de"], "dev") == both
    assert data_hash(task, [one], ["de"], "dev") != both
    changed = write("two/xnli/dev-en.tsv", "en\tb\tENTAILME\n")
    os.utime(changed, ns=(1, 1))
    assert data_hash(task, [two], ["en", "de"], "dev") != both


def test_language_and_split_count(write: Write, tmp_path: Path) -> None:
    for name in ("dev-de", "dev-en", "test-de"):
        write(f"xnli/{name}.tsv", "same\n")
    task = get_task("xnli")
    hashes = [
        data_hash(task, [tmp_path], [language], split)
        for language, split in (("de", "dev"), ("en", "dev"), ("de", "test"))
    ]
    assert len(set(hashes)) == 3


def test_shared_training_files_hash_the_same(write: Write, tmp_path: Path) -> None:
    write("xnli/train-en.tsv", "x\n")
    mnli = data_hash(get_task("mnli"), [tmp_path], ["en"], "train")
    assert data_hash(get_task("xnli"), [tmp_path], ["en"], "train") == mnli


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no dev data of `xnli`"):
        data_hash(get_task("xnli"), [tmp_path], ["de"], "dev")
