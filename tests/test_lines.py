from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.lines import BREAKS, on_one_line, split_lines
from adapterxlt.store.output import check_output
from adapterxlt.tasks.reading import read_lines

TEXTS = st.lists(
    st.text(st.sampled_from(f"aé文{BREAKS}"), min_size=1).map(lambda text: f"x{text}x"), min_size=1
)
IN_A_LINE = BREAKS.replace("\n", "")


@pytest.mark.parametrize("character", IN_A_LINE)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_only_line_feeds_end_lines(character: str, end: str, last: bool) -> None:
    text = f"one{character}half{end}two{end}three" + (end if last else "")
    assert split_lines(text) == [f"one{character}half", "two", "three"]


@given(TEXTS)
def test_what_is_written_is_read_back_with_spaces_for_breaks(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("lines") / "f.tsv"
    with check_output(path).open_text() as stream:
        stream.writelines(f"{on_one_line(text)}\t{number}\n" for number, text in enumerate(texts))
    rows = [line.split("\t") for line in read_lines(path)]
    expected = ["".join(" " if sign in BREAKS else sign for sign in text) for text in texts]
    assert rows == [[text, str(number)] for number, text in enumerate(expected)]
    with path.open(encoding="utf-8", newline="") as stream:
        assert list(csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)) == rows
    assert path.read_text(encoding="utf-8").splitlines() == ["\t".join(row) for row in rows]


def test_records_of_csv_hold_returns(tmp_path: Path) -> None:
    from adapterxlt.tasks.readers.records import records

    path = tmp_path / "f.csv"
    path.write_bytes('a,b\r\none\rhalf,"two\r\nlines\rmore"\r\nx\u2028y,z\r'.encode())
    assert [record for _, record in records(path)] == [
        {"a": "one\rhalf", "b": "two\r\nlines\rmore"},
        {"a": "x\u2028y", "b": "z"},
    ]
