"""`parallel: id`: translations are matched by a column of ids, in every kind of record."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import InvalidRecipeError, MissingDataError
from adapterxlt.tasks.own import own_catalogue
from adapterxlt.tasks.read import read_examples

PAIRS = """\
kind: pair_classification
labels: [same, other]
columns: {text_a: a, text_b: b, label: c, id: key}
"""
NUMBERS = """\
kind: regression
columns: {text: a, text_pair: b, value: n, id: key}
"""
TEXTS = """\
kind: text_classification
labels: [same, other]
columns: {text: a, label: c, id: key}
"""
CHOICES = """\
kind: multiple_choice
labels: ["0", "1"]
columns: {context: a, choices: [a, b], label: n, id: key}
"""
TAGS = """\
kind: tagging
labels: [X]
metrics: [token_accuracy]
columns: {words: a, tags: t, id: key}
"""
HEADER = "key,a,b,c,n,t\n"
EN, DE = "q1,u,v,same,0,X\nq2,x,y,other,1,X\n", "q2,x,y,other,1,X\nq1,u,v,same,0,X\n"


def entry(folder: Path, keys: str, *, written: str = "csv", more: str = "") -> Path:
    file = folder / "mine.yaml"
    file.write_text(
        f"{keys}languages: [en, de]\nparallel: id\nformat: {written}\n"
        f'files: {{test: "{{lang}}.csv"}}\n{more}',
        encoding="utf-8",
    )
    return file


@pytest.mark.parametrize("keys", [PAIRS, NUMBERS, TEXTS, CHOICES, TAGS])
def test_rows_in_another_order_have_their_ids(tmp_path: Path, keys: str) -> None:
    for language, rows in {"en": EN, "de": DE}.items():
        (tmp_path / f"{language}.csv").write_text(HEADER + rows, encoding="utf-8")
    task = own_catalogue([entry(tmp_path, keys)])["mine"]
    ids = {
        language: [example.id for example in read_examples(task, [], language, "test")]
        for language in ("en", "de")
    }
    assert ids == {"en": ["q1", "q2"], "de": ["q2", "q1"]}
    (tmp_path / "de.csv").write_text(HEADER + DE.replace("q1", ""), encoding="utf-8")
    with pytest.raises(MissingDataError, match=r"de.csv: record 2 has no `key`") as caught:
        read_examples(task, [], "de", "test")
    assert caught.value.hint == "translations are matched by their ids"


@pytest.mark.parametrize(
    ("keys", "written", "message"),
    [
        (PAIRS.replace(", id: key", ""), "csv", "`id` is missing"),
        ("kind: tagging\nlabels: [X]\n", "conll", "`conll` files have no ids"),
        ("kind: sentence_retrieval\ncolumns: {source: a, target: b}\n", "csv", "have no ids"),
    ],
)
def test_what_has_no_ids(tmp_path: Path, keys: str, written: str, message: str) -> None:
    with pytest.raises(InvalidRecipeError, match=message):
        own_catalogue([entry(tmp_path, keys, written=written)])
