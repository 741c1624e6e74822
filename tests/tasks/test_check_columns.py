from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from adapterxlt.tasks.catalogue import Task, catalogue
from adapterxlt.tasks.check_columns import lacking_columns
from adapterxlt.tasks.own import own_catalogue
from tests.tasks.conftest import Write

CLASSES = "kind: text_classification\nlabels: [a, b]\nlanguages: [en, sw]\n"
CSV = CLASSES + "format: csv\nfiles: '{lang}.{split}.csv'\ncolumns: {text: text, label: label}\n"
JSONL = CSV.replace("csv", "jsonl")
EITHER = ("train", "dev", "test")


def own(write: Write, entry: str) -> Task:
    return own_catalogue([write("t.yaml", entry)])["t"]


def told(task: Task, split: str = "test", languages: str = "sw", **keys: object) -> list[str]:
    found = lacking_columns(task, [], languages.split(), split, EITHER, **keys)  # type: ignore[arg-type]
    return [str(error) for error in found]


def test_a_table_with_all_columns(write: Write) -> None:
    write("sw.test.csv", "label,text,more\na,x,y\n")
    assert told(own(write, CSV)) == []


def test_a_column_of_texts_that_the_header_lacks(write: Write, tmp_path: Path) -> None:
    path = write("sw.test.csv", "sentence,label\nx,a\n")
    assert told(own(write, CSV)) == [
        f"{path}:1: does not have the column `text`, only sentence, label\n"
        f"  rename the column, or write its name under `columns` in {tmp_path / 't.yaml'}"
    ]


def test_several_columns_of_several_files(write: Write) -> None:
    one, other = write("en.test.csv", "x,y\n1,2\n"), write("sw.test.csv", "text\n1\n")
    first, second = told(own(write, CSV), languages="en sw")
    assert first.startswith(f"{one}:1: does not have the columns `text` and `label`, only x, y\n")
    assert second.startswith(f"{other}:1: does not have the column `label`, only text: its")


def test_withheld_labels_send_to_a_split_that_has_them(write: Write) -> None:
    write("sw.test.csv", "text\nx\n")
    write("sw.dev.csv", "text,label\nx,a\n")
    [message] = told(own(write, CSV))
    assert message.endswith("the labels of official test sets are withheld: use `split: dev`")


def test_a_test_file_to_be_predicted_needs_no_labels(write: Write) -> None:
    write("sw.test.csv", "text\nx\n")
    write("sw.dev.csv", "text\nx\n")
    task = own(write, CSV)
    assert told(task, answers=False) == []
    assert len(told(task, "dev", answers=False)) == 1  # its reader needs them


def test_the_first_record_of_json_lines(write: Write) -> None:
    path = write("sw.test.jsonl", '\n{"label": "a", "texts": {"text": 1}}\n{"text": "x"}\n')
    [message] = told(own(write, JSONL))
    assert message.startswith(f"{path}:2: does not have the field `text`, only label, texts\n")
    nested = JSONL.replace("text: text", "text: texts.text")
    assert told(own(write, nested)) == []
    [message] = told(own(write, JSONL.replace("text: text", "text: texts.title")))
    assert "the field `texts.title`" in message


def test_a_table_without_a_header(write: Write) -> None:
    entry = CSV.replace("csv", "tsv").replace("text: text, label: label", "text: 0, label: 2")
    path = write("sw.test.tsv", "x\ta\ny\tb\n")
    [message] = told(own(write, entry))
    assert message.startswith(
        f"{path}:1: does not have the column `2`, only 0, 1 (columns are counted from 0)"
    )
    write("sw.test.tsv", "x\ty\tb\n")
    assert told(own(write, entry)) == []


def test_parquet_is_judged_by_its_schema(write: Write, tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow.parquet import write_table

    rows = pa.table({"texts": [{"text": "x"}], "topic": ["a"]})
    write_table(rows, tmp_path / "sw.test.parquet")
    entry = CSV.replace("csv", "parquet").replace("text: text", "text: texts.text")
    [message] = told(own(write, entry))
    path = tmp_path / "sw.test.parquet"
    assert message.startswith(f"{path}: does not have the column `label`, only texts, topic: its")


@pytest.mark.parametrize(
    ("kind", "columns", "header", "lacking"),
    [
        ("pair_classification", "text_a: [a, b], text_b: c, label: d", "a,c,d", "b"),
        ("multiple_choice", "context: a, question: b, choices: [c, d], label: e", "a,c,d,e", "b"),
        ("tagging", "words: a, tags: b", "a", "b"),
        ("regression", "text: a, text_pair: b, value: c", "a,c", "b"),
        ("sentence_retrieval", "source: '{source}', target: '{target}'", "swa", "eng"),
        ("mlm", "text: a", "b", "a"),
    ],
)
def test_every_kind_of_task(
    write: Write, kind: str, columns: str, header: str, lacking: str
) -> None:
    entry = (
        f"kind: {kind}\nlanguages: [sw]\niso3: {{sw: swa, en: eng}}\nformat: csv\n"
        f"files: {{test: '{{lang}}.csv'}}\ncolumns: {{{columns}}}\n"
    )
    if kind in ("pair_classification", "multiple_choice", "tagging"):
        entry += "labels: ['0', '1']\n"
    if kind == "sentence_retrieval":
        entry += "pivot: en\n"
    write("sw.csv", f"{header}\n{header}\n")
    [message] = told(own(write, entry))
    assert f"does not have the column `{lacking}`, only" in message


PAIRS = "kind: pair_classification\nlabels: [a, b]\nlanguages: [en, sw]\nformat: pair_tsv\n"


def test_tab_separated_pairs(write: Write) -> None:
    entry = PAIRS + "files: '{lang}.{split}.tsv'\ncolumns: {text_a: 0, text_b: 1, label: 3}\n"
    train, test = write("sw.train.tsv", "x\ty\ta\n"), write("sw.test.tsv", "x\n")
    task = own(write, entry)
    assert told(task, "train")[0].startswith(
        f"{train}:1: does not have the column `3`, only 0, 1, 2 (columns are counted from 0)"
    )
    assert "the columns `1` and `3`, only 0 (" in told(task)[0]
    write("sw.test.tsv", "x\ty\n")
    assert told(task, answers=False) == []
    [message] = told(task)
    assert message.startswith(f"{test}:1: does not have the column `3`, only 0, 1 ")
    assert message.split("\n  ")[1].startswith("the labels of official test sets are withheld; no")
    write("sw.train.tsv", 'x\ty\t"z\tz"\ta\n')
    assert told(task, "train") == []
    assert told(own(write, entry + "skip_short_rows: true\n")) == []


def test_tab_separated_pairs_with_a_header(write: Write) -> None:
    entry = PAIRS + (
        "files: '{lang}.{split}.tsv'\nheader: true\nlanguage_column: code\n"
        "columns: {text_a: one, text_b: two, label: label}\n"
    )
    path = write("sw.test.tsv", "one\tTwo\tlabel\tcode\nx\ty\ta\tsw\n")
    task = own(write, entry)
    assert told(task)[0].startswith(
        f"{path}:1: does not have the column `two`, only one, Two, label, code\n"
    )
    write("sw.test.tsv", "one\ttwo\tlabel\nx\ty\ta\n")
    assert "the column `code`, only one, two, label" in told(task)[0]


def test_tab_separated_pairs_whose_columns_are_counted_from_the_right(write: Write) -> None:
    entry = PAIRS + "files: '{lang}.{split}.tsv'\ncolumns: {text_a: -3, text_b: -2, label: -1}\n"
    write("sw.test.tsv", "x\ty\n")  # which no column is missing from for sure
    assert told(own(write, entry)) == []


def test_questions_as_records(write: Write) -> None:
    entry = "kind: span_qa\nlanguages: [sw]\nformat: jsonl\nfiles: {test: '{lang}.jsonl'}\n"
    write("sw.jsonl", '{"id": "1", "question": "?", "context": "x"}\n')
    [message] = told(own(write, entry))
    assert "does not have the field `answers`, only id, question, context" in message


def test_ids_are_needed_where_translations_are_matched_by_them(write: Write) -> None:
    entry = CSV.replace("text: text,", "text: text, id: key,")
    write("sw.test.csv", "text,label\nx,a\n")
    assert told(own(write, entry)) == []
    [message] = told(own(write, entry + "parallel: id\n"))
    assert "does not have the column `key`, only text, label" in message


def test_a_column_that_names_the_language(write: Write) -> None:
    entry = JSONL.replace("{lang}.", "") + "language_column: code\n"
    path = write("test.jsonl", '{"text": "x", "label": "a"}\n')
    [message] = told(own(write, entry))
    assert message.startswith(f"{path}:1: does not have the field `code`, only text, label")
    # Records in other languages are not read.
    write("test.jsonl", '{"code": "en"}\n{"code": "sw", "text": "x", "label": "a"}\n')
    assert told(own(write, entry)) == []


def test_only_the_beginning_of_a_file_is_read(write: Write) -> None:
    whole = b'{"text": "x", "label": "a"}\n' + b"{" * (3 << 20)
    write("sw.test.jsonl.gz", gzip.compress(whole)[:-1000])  # cut off
    assert told(own(write, JSONL)) == []


def test_built_in_tasks(real_data: Path) -> None:
    for name in ("squad", "tydiqa"):  # in other forms, which are left to their readers
        task = catalogue()[name]
        assert list(lacking_columns(task, [real_data], ["en"], task.splits[-1], EITHER)) == []
    task = catalogue()["commonsenseqa"]
    assert list(lacking_columns(task, [real_data], ["en"], "dev", EITHER)) == []
    [error] = lacking_columns(task, [real_data], ["en"], "test", ("dev", "test"))
    assert "does not have the field `answerKey`, only id, question" in error.message
    assert str(error.hint).endswith("use `split: dev`")
