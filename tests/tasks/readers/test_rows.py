from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.errors import MissingDataError
from adapterxlt.tasks.readers.rows import json_records, split_row, text_field

from ..conftest import Write

TWO = range(2, 3)


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ("a\tb", ["a", "b"]),
        ("\t", ["", ""]),
        ("", [""]),
        # Written by csv.writer: quotes doubled, the field in quotes.
        ('"say ""hi"""\tb', ['say "hi"', "b"]),
        ('b\t"""x"""', ["b", '"x"']),
        ('"a\tb"\tc', ["a\tb", "c"]),
        # Never written by csv.writer: left as they are.
        ('"Hello"\tb', ['"Hello"', "b"]),
        ('say "hi"\tb', ['say "hi"', "b"]),
        ('"never closed\tb', ['"never closed', "b"]),
        ('a\t"never closed', ["a", '"never closed']),
        ('"a" b\tc', ['"a" b', "c"]),
        # It could be csv, but then the number of columns would be wrong.
        ('"a ""b\tc"', ['"a ""b', 'c"']),
    ],
)
def test_split_row(line: str, fields: list[str]) -> None:
    assert split_row(line, TWO) == fields


# What can stand in a line: everything but its ends and surrogates.
TEXT = st.text(st.characters(exclude_characters="\n\r\0", exclude_categories=["Cs"]), max_size=30)
SPECIAL = st.text(st.sampled_from('"\t ab,\u2028\x85'), max_size=12)


@given(st.lists(TEXT | SPECIAL, min_size=2, max_size=4))
def test_what_csv_writer_writes_is_read_back(fields: list[str]) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter="\t", lineterminator="").writerow(fields)
    assert split_row(buffer.getvalue(), range(len(fields), len(fields) + 1)) == fields


@given(st.lists(TEXT.filter(lambda text: '"' not in text and "\t" not in text), min_size=2))
def test_plain_fields_are_read_back(fields: list[str]) -> None:
    assert split_row("\t".join(fields), range(len(fields), len(fields) + 1)) == fields


def test_a_long_quoted_field_is_no_special_case() -> None:
    text = 'x"' * 200_000
    line = '"' + text.replace('"', '""') + '"\tb'
    assert split_row(line, TWO) == [text, "b"]


def test_json_records(write: Write) -> None:
    path = write("f", '{"a": "x\u2028y"}\r\n\n{"a": 1}\n')
    assert list(json_records(path)) == [(1, {"a": "x\u2028y"}), (3, {"a": 1})]


@pytest.mark.parametrize(
    ("line", "message"), [('{"a": }', "f:2: not JSON"), ("[1]", "f:2: a JSON object is expected")]
)
def test_bad_json_records(write: Write, line: str, message: str) -> None:
    path = write("f", '{"a": "b"}\n' + line + "\n")
    with pytest.raises(MissingDataError, match=message):
        list(json_records(path))


def test_text_field(write: Write) -> None:
    path = write("f", "x")
    assert text_field(path, 3, {"a": "b"}, "a") == "b"
    with pytest.raises(MissingDataError, match="f:3: no `c`") as caught:
        text_field(path, 3, {"b": "", "a": "b"}, "c")
    assert "the record has a, b" in str(caught.value)
    with pytest.raises(MissingDataError, match="f:3: `a` is not a text but 5"):
        text_field(path, 3, {"a": 5}, "a")
