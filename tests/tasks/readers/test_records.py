from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import MissingDataError
from adapterxlt.tasks.readers.records import records, text_field, value_of

from ..conftest import Write


def test_json_records(write: Write) -> None:
    path = write("f", '{"a": "x\u2028y"}\r\n\n{"a": 1}\n')
    assert list(records(path)) == [(1, {"a": "x\u2028y"}), (3, {"a": 1})]


@pytest.mark.parametrize(
    ("line", "message"), [('{"a": }', "f:2: not JSON"), ("[1]", "f:2: a JSON object is expected")]
)
def test_bad_json_records(write: Write, line: str, message: str) -> None:
    path = write("f", '{"a": "b"}\n' + line + "\n")
    with pytest.raises(MissingDataError, match=message):
        list(records(path))


def test_text_field(write: Write) -> None:
    path = write("f", "x")
    assert text_field(path, 3, {"a": "b"}, "a") == "b"
    with pytest.raises(MissingDataError, match="f:3: no `c`") as caught:
        text_field(path, 3, {"b": "", "a": "b"}, "c")
    assert "the record has a, b" in str(caught.value)
    with pytest.raises(MissingDataError, match="f:3: `a` is not a text, but 5"):
        text_field(path, 3, {"a": 5}, "a")


def test_csv_records_with_quotes_commas_and_line_breaks(write: Write) -> None:
    path = write("f.csv", 'id,text\r\n1,"a, ""b""\nc"\r\n\r\n2,"d"\r\n')
    assert list(records(path)) == [
        (2, {"id": "1", "text": 'a, "b"\nc'}),
        (5, {"id": "2", "text": "d"}),
    ]


def test_tsv_records_are_csv_with_tabs(write: Write) -> None:
    path = write("f.tsv", 'a\tb\n"x\ty"\t1, 2\n')
    assert list(records(path)) == [(2, {"a": "x\ty", "b": "1, 2"})]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,2,3", "f.csv:3: 3 columns, 2 expected"),
        ('"1,2', "f.csv:3: not csv"),
        ("1", "1 column, 2 expected"),
    ],
)
def test_bad_csv_records(write: Write, row: str, message: str) -> None:
    path = write("f.csv", f"a,b\n1,2\n{row}\n")
    with pytest.raises(MissingDataError, match=message):
        list(records(path))


def test_parquet_records_name_their_classes(tmp_path: Path) -> None:
    from datasets import ClassLabel, Dataset, Features, Value
    from datasets.features import Sequence

    features = Features(
        {
            "text": Value("string"),
            "label": ClassLabel(names=["no", "yes"]),
            "tags": Sequence(ClassLabel(names=["O", "B-LOC"])),
        }
    )
    rows = [
        {"text": "a", "label": 1, "tags": [0, 1]},
        {"text": "b", "label": -1, "tags": []},
    ]
    path = tmp_path / "x.parquet"
    Dataset.from_list(rows, features=features).to_parquet(str(path))
    assert list(records(path)) == [
        (1, {"text": "a", "label": "yes", "tags": ["O", "B-LOC"]}),
        (2, {"text": "b", "label": -1, "tags": []}),
    ]


def test_a_broken_parquet_file(write: Write, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(MissingDataError, match=r"x\.parquet: not Parquet"):
        list(records(write("x.parquet", "PAR1 nonsense")))
    assert capfd.readouterr().err == ""


def test_a_field_within_a_field(tmp_path: Path) -> None:
    path = tmp_path / "f"
    assert value_of(path, 1, {"question": {"stem": "?"}}, "question.stem") == "?"
    with pytest.raises(MissingDataError, match=r"f:1: no `question\.stem`"):
        value_of(path, 1, {"question": "?"}, "question.stem")


def test_columns_of_one_name_are_refused(write: Write) -> None:
    path = write("f.csv", "text,label,label\na b,pos,a\n")
    with pytest.raises(MissingDataError, match=r"f.csv:1: several columns have the name `label`"):
        list(records(path))
    unnamed = write("g.csv", "text,,\na b,x,y\n")  # a spreadsheet leaves such columns
    assert [record["text"] for _, record in records(unnamed)] == ["a b"]
