from __future__ import annotations

import pytest

from adapterxlt.tasks.readers.tables import Quoting, Row, rows_of

TEXT = 'a\tb\n"x"\t"y\n\r\nz"\tone\rtwo\r\n'


def read(text: str, delimiter: str, quoting: Quoting) -> list[Row]:
    lines = (f"{line}\n" for line in text.removesuffix("\n").split("\n"))
    return list(rows_of(lines, delimiter, quoting))


@pytest.mark.parametrize(
    ("quoting", "rows"),
    [
        ("csv", [Row(1, 1, ["a", "b"]), Row(2, 4, ["x", "y\n\r\nz"])]),
        (
            "none",
            [
                Row(1, 1, ["a", "b"]),
                Row(2, 2, ['"x"', '"y']),
                Row(4, 4, ['z"', "one\rtwo"]),
            ],
        ),
        (
            "lines",
            [
                Row(1, 1, ["a", "b"]),
                Row(2, 2, ['"x"', '"y']),
                Row(4, 4, ['z"', "one\rtwo"]),
            ],
        ),
    ],
)
def test_rows_by_quoting(quoting: Quoting, rows: list[Row]) -> None:
    text = TEXT if quoting != "csv" else TEXT.replace("\tone\rtwo", "")
    assert read(text, "\t", quoting) == rows


def test_what_csv_writer_has_quoted_in_a_line_is_undone() -> None:
    assert read('a\tb\n"say ""hi"""\t"c\td"\n', "\t", "lines")[1] == Row(2, 2, ['say "hi"', "c\td"])
    # Every field of a header is as it is written.
    assert read('"a"\tb\n', "\t", "lines") == [Row(1, 1, ['"a"', "b"])]


def test_what_is_no_row_says_which_lines_it_has() -> None:
    assert read('a,b\n1,"2" x\n3,4\n5,"6\n7,8\n', ",", "csv") == [
        Row(1, 1, ["a", "b"]),
        Row(2, 2, [], "',' expected after '\"'"),
        Row(3, 3, ["3", "4"]),
        Row(4, 5, [], "unexpected end of data"),
    ]


def test_cells_are_long_and_hold_returns() -> None:
    cell = "word\r" * 40_000
    assert read(f'a\n"{cell}"\nx{cell}x\n', ",", "csv") == [
        Row(1, 1, ["a"]),
        Row(2, 2, [cell]),
        Row(3, 3, [f"x{cell}x"]),
    ]
