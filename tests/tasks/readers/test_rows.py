from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.tasks.readers.rows import split_row

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
