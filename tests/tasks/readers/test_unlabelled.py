"""Records whose label is marked as none, or is unknown and may be, are left out by every reader."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.kinds.text_classification import LabelledText
from adapterxlt.tasks.own import own_catalogue
from adapterxlt.tasks.read import read_examples

MARKED = "unlabelled: ['_']\n"
STRANGE = "drop_strange: true\n"


def read(folder: Path, entry: str, name: str, text: str) -> list[Any]:
    (folder / name).write_text(text, encoding="utf-8")
    (folder / "mine.yaml").write_text(
        f"{entry}languages: [en]\nfiles: {{train: {name}}}\n", encoding="utf-8"
    )
    return read_examples(own_catalogue([folder / "mine.yaml"])["mine"], [], "en", "train")


@pytest.mark.parametrize("how", [MARKED, STRANGE])
def test_sentences_with_a_word_without_a_tag(tmp_path: Path, how: str) -> None:
    entry = f"kind: tagging\nlabels: [N, V, X]\n{how}metrics: [token_accuracy]\n"
    columns = f"{entry}format: conll\n"
    whole = TaggingExample("1", ("d", "e"), (1, 2))
    assert read(tmp_path, columns, "a.tsv", "a\tN\nb\t_\nc\tV\n\nd\tV\ne\tX\n\n") == [whole]
    records = f"{entry}format: jsonl\ncolumns: {{words: words, tags: tags}}\n"
    lines = [{"words": ["a", "b"], "tags": ["N", "_"]}, {"words": ["d", "e"], "tags": ["V", "X"]}]
    assert read(tmp_path, records, "a.jsonl", "\n".join(map(json.dumps, lines))) == [whole]
    lined = f"{entry}format: tagging_lines\n"
    assert read(tmp_path, lined, "a.txt", "a b\tN _\nd e\tV X\n") == [whole]


@pytest.mark.parametrize("how", [MARKED, STRANGE])
def test_questions_without_an_answer(tmp_path: Path, how: str) -> None:
    entry = (
        f"kind: multiple_choice\nlabels: ['0', '1']\n{how}format: csv\n"
        "columns: {context: q, choices: [a, b], label: right}\n"
    )
    found = read(tmp_path, entry, "a.csv", "q,a,b,right\nx,y,z,_\nu,v,w,1\n")
    assert found == [ChoiceExample("1", "u", ("v", "w"), 1)]


@pytest.mark.parametrize("how", [MARKED, STRANGE])
def test_texts_of_several_labels(tmp_path: Path, how: str) -> None:
    entry = (
        f"kind: text_classification\nlabels: [rain, sun]\nmulti_label: true\n{how}format: csv\n"
        "columns: {text: a, label: b}\n"
    )
    found = read(tmp_path, entry, "a.csv", "a,b\nx,rain|_\ny,sun\nz,\n")
    assert found == [LabelledText("1", "y", labels=("sun",)), LabelledText("2", "z", labels=())]
