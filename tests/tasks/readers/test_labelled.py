from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.regression import ValuedText
from adapterxlt.kinds.text_classification import LabelledText
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.own import own_catalogue
from adapterxlt.tasks.read import read_examples

TOPICS = "kind: text_classification\nlabels: [rain, sun]\nlanguages: [wol_Latn]\nformat: csv\n"


def task(folder: Path, entry: str, table: str, split: str = "train") -> Task:
    (folder / "data.csv").write_text(table, encoding="utf-8")
    (folder / "mine.yaml").write_text(f"{entry}files: {{{split}: data.csv}}\n", encoding="utf-8")
    return own_catalogue([folder / "mine.yaml"])["mine"]


def test_single_texts(tmp_path: Path) -> None:
    entry = f"{TOPICS}columns: {{text: text, label: topic}}\n"
    table = 'text,topic\n"Dafa tàng, ""lool""",sun\nTaw na,rain\n'
    found = read_examples(task(tmp_path, entry, table), [], "wol_Latn", "train")
    assert found == [
        LabelledText("0", 'Dafa tàng, "lool"', label="sun"),
        LabelledText("1", "Taw na", label="rain"),
    ]
    with pytest.raises(MissingDataError, match=r"data.csv:2: unknown label `Sun`"):
        read_examples(task(tmp_path, entry, "text,topic\na,Sun\n"), [], "wol_Latn", "train")


def test_two_texts_of_several_labels(tmp_path: Path) -> None:
    entry = f"{TOPICS}multi_label: true\ncolumns: {{text: a, text_pair: b, label: topics}}\n"
    table = "a,b,topics\nx,y,sun|rain\nz,w,\n"
    assert read_examples(task(tmp_path, entry, table), [], "wol_Latn", "train") == [
        LabelledText("0", "x", "y", labels=("sun", "rain")),
        LabelledText("1", "z", "w", labels=()),
    ]


def test_numbers(tmp_path: Path) -> None:
    entry = "kind: regression\nlanguages: [en]\nformat: csv\ncolumns: {text: a, value: score}\n"
    assert read_examples(task(tmp_path, entry, "a,score\nx,3.5\n"), [], "en", "train") == [
        ValuedText("0", "x", value=3.5)
    ]
    for wrong in ("high", "nan"):
        table = f"a,score\nx,{wrong}\n"
        with pytest.raises(MissingDataError, match=r"data.csv:2: "):
            read_examples(task(tmp_path, entry, table), [], "en", "train")


def test_withheld(tmp_path: Path) -> None:
    entry = f"{TOPICS}columns: {{text: text, label: topic}}\n"
    found = task(tmp_path, entry, "text\na\n", split="test")
    assert read_examples(found, [], "wol_Latn", "test") == [LabelledText("0", "a")]
