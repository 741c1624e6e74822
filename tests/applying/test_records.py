"""Files of inputs are read as the task's own readers read the same file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from adapterxlt.applying.records import FORMATS, format_of, read_records
from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.facts import Example
from adapterxlt.tasks.catalogue import get_task
from adapterxlt.tasks.own import own_catalogue
from adapterxlt.tasks.read import read_examples

# Rows that readers could tell apart, join, or strip of their quotes in different ways.
CELLS = {
    "pawsx": [
        ("A", '"Stop!" he cried.'),
        ("B", '"No'),
        ("C", 'D"'),
        ('"say ""hi"""', "E\rF"),
        ("\x85G", "\u2028"),
    ],
    "stsb": [("A", '"No'), ("B", 'C"'), ('"D"', 'say "hi" E\rF')],
    "afrixnli": [
        ("A", '"Stop, ""he"" cried."'),
        ('"two\nlines"', '"a\ttab"'),
        ("E\rF", "G" * 200_000),
    ],
    "cosmosqa": [("A", '"Stop, ""he"" cried."'), ('"two\nlines"', "E\rF")],
}
# File, names of columns, and what stands behind the cells.
FILES: dict[str, tuple[str, list[str], list[str], list[str]]] = {
    "pawsx": ("x-final/en/dev_2k.tsv", ["sentence1", "sentence2"], ["label"], ["1"]),
    "stsb": ("STS-B/dev.tsv", ["sentence1", "sentence2"], ["score"], ["2.5"]),
    "afrixnli": ("afrixnli/sw/dev.tsv", ["premise", "hypothesis"], ["label"], ["neutral"]),
    "cosmosqa": (
        "cosmosqa/valid.csv",
        ["context", "question"],
        ["answer0", "answer1", "answer2", "answer3", "label"],
        ["a", "b", "c", "d", "0"],
    ),
}
LANGUAGES = {"afrixnli": "sw"}


def texts(example: Example | None) -> dict[str, Any]:
    assert example is not None
    answers = ("id", "label", "value", "labels")
    return {name: value for name, value in asdict(example).items() if name not in answers}


@pytest.mark.parametrize("task", CELLS)
def test_predictions_are_of_the_texts_of_an_evaluation(task: str, tmp_path: Path) -> None:
    name, names, more, values = FILES[task]
    mark = "," if name.endswith(".csv") else "\t"
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    rows = [[*names, *more], *([*cells, *values] for cells in CELLS[task])]
    path.write_bytes("".join(f"{mark.join(row)}\n" for row in rows).encode())
    evaluated = read_examples(get_task(task), [tmp_path], LANGUAGES.get(task, "en"), "dev")
    given = [*read_records(path, format_of(path, None), get_task(task))]
    assert [record.problem for record in given] == [""] * len(CELLS[task])
    assert [texts(record.example) for record in given] == list(map(texts, evaluated))


def read(folder: Path, name: str, text: str, task: str = "xnli") -> list[tuple[int, str]]:
    """Lines and problems of the inputs of a file."""
    path = folder / name
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    found = read_records(path, format_of(path, None), get_task(task))
    return [(record.line, record.problem) for record in found]


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.csv", 'premise,hypothesis\nA,B\nC,"D\nE,F\n', "a.csv:3: is not CSV: unexpected end"),
        ("a.csv", 'premise,hypothesis\nC,"D\nE,"F"\nG,H\n', "a.csv:2: is not CSV: ',' expected"),
        ("a.csv", 'premise,hypothesis\nC,"D\nE",F\nG,H\n', "a.csv:2: has 3 columns"),
        ("a.csv", '"premise,hypothesis\nC,D\n', "a.csv:1: is not CSV: unexpected end"),
    ],
)
def test_a_quote_that_is_not_closed_swallows_no_lines(
    tmp_path: Path, name: str, text: str, place: str
) -> None:
    with pytest.raises(MissingDataError, match=place) as caught:
        read(tmp_path, name, text)
    assert caught.value.hint == "a quote may not be closed; in a quoted field, write quotes twice"


def test_a_wrong_line_is_one_wrong_input(tmp_path: Path) -> None:
    text = 'premise,hypothesis\nC,"D" E\nF\nG,H\nI,"J\n'
    assert read(tmp_path, "a.csv", text) == [
        (2, "is not CSV: ',' expected after '\"'"),
        (3, "has 1 column, but the header has 2"),
        (4, ""),
        (5, "is not CSV: unexpected end of data"),
    ]
    assert read(tmp_path, "a.tsv", 'premise\thypothesis\n\nB\t"No\nC\tD"\n"E\n') == [
        (3, ""),
        (4, ""),
        (5, "has 1 column, but the header has 2"),
    ]


def test_a_table_may_quote_every_field(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text('"premise"\t"hypothesis"\n"A"\t"B\nC"\n')
    [record] = read_records(path, "tsv", get_task("xnli"))
    assert texts(record.example) == {"text_a": "A", "text_b": "B\nC"}


@pytest.mark.parametrize("written", FORMATS)
def test_lines_that_end_in_returns_are_not_one_line(tmp_path: Path, written: str) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"text\rone\rtwo\r")
    task = get_task("udpos" if written == "conll" else "sib200")
    with pytest.raises(MissingDataError, match="its lines end in carriage returns"):
        list(read_records(path, written, task))


def test_an_id_can_be_written(tmp_path: Path) -> None:
    text = '{"id": "a\\ud83d", "text": "A"}\n{"id": 7, "text": "B"}\n{"id": "😀", "text": "C"}\n'
    half = "`id` holds U+D83D, which is half of a character"
    assert read(tmp_path, "a.jsonl", text, "sib200") == [(1, half), (2, ""), (3, "")]


def test_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "new.csv"
    path.write_text("text,text\na,b\n", encoding="utf-8")
    with pytest.raises(MissingDataError, match=r"new.csv:1: several columns have the name `text`"):
        list(read_records(path, "csv", get_task("sib200")))


SINGLE = """
kind: text_classification
labels: [a, b]
languages: [en]
format: csv
files: {train: en.csv}
columns: {text: text, label: label}
"""


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("lines", "a\tb\n"),
        ("jsonl", '{"text": "a\\tb", "text_pair": "c"}\n'),
        ("csv", "text,text_pair\na\tb,c\n"),
    ],
)
def test_a_task_of_single_texts_has_no_pairs(tmp_path: Path, written: str, text: str) -> None:
    entry = tmp_path / "t.yaml"
    entry.write_text(SINGLE, encoding="utf-8")
    path = tmp_path / "new"
    path.write_text(text, encoding="utf-8")
    (record,) = read_records(path, written, own_catalogue([entry])["t"])
    assert texts(record.example) == {"text": "a\tb", "text_pair": None}


def test_what_a_task_of_single_texts_takes(tmp_path: Path) -> None:
    entry = tmp_path / "t.yaml"
    entry.write_text(SINGLE, encoding="utf-8")
    path = tmp_path / "new.jsonl"
    path.write_text('["a", "b"]\n', encoding="utf-8")
    (record,) = read_records(path, "jsonl", own_catalogue([entry])["t"])
    told = "must be a text, or a JSON object with the key `text`, not a list of 2"
    assert (record.example, record.problem) == (None, told)
