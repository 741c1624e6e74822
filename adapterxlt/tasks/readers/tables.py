"""Rows of tables, as the readers of tasks and of new inputs tell them apart."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from adapterxlt.tasks.readers.rows import split_row
from adapterxlt.tasks.reading import bad

# `csv`: quotes enclose fields, which may hold line breaks. `none`: a line is a row, and quotes are
# text. `lines`: a line is a row, and quoting is undone where it was surely used; see `split_row`.
Quoting = Literal["csv", "none", "lines"]

DELIMITERS = {"csv": ",", "tsv": "\t"}
# A lone carriage return is text (see `adapterxlt.lines`), but the csv module would end a row there.
# So `_MARK` replaces it meanwhile: half a character, which no UTF-8 file can contain.
_LONE_RETURN = re.compile(r"\r(?!\n|\Z)")
_MARK = "\udc0d"
csv.field_size_limit(1 << 26)


class Row(NamedTuple):
    """A row of a table.

    Args:
        first: its first line, counted from 1.
        last: its last line.
        cells: its fields; empty if it is not a row.
        problem: why it is not a row, as the csv module says it; "" if it is one.
    """

    first: int
    last: int
    cells: list[str]
    problem: str = ""


def rows_of(lines: Iterable[str], delimiter: str, quoting: Quoting) -> Iterator[Row]:
    """Yield the rows of a table, the header among them; blank lines are left out.

    Args:
        lines: all lines, with their line breaks.
    """
    if quoting == "lines":
        return _one_per_line(lines)
    return _parsed(lines, delimiter, csv.QUOTE_MINIMAL if quoting == "csv" else csv.QUOTE_NONE)


def _one_per_line(lines: Iterable[str]) -> Iterator[Row]:
    width = 0
    for number, line in enumerate(lines, start=1):
        text = line.removesuffix("\n").removesuffix("\r")
        if not text:
            continue
        # The first row gives the number of columns.
        cells = split_row(text, range(width, width + 1)) if width else text.split("\t")
        width = width or len(cells)
        yield Row(number, number, cells)


def _parsed(lines: Iterable[str], delimiter: str, quoting: Literal[0, 3]) -> Iterator[Row]:
    marked = (_LONE_RETURN.sub(_MARK, line) for line in lines)
    rows = csv.reader(marked, delimiter=delimiter, strict=True, quoting=quoting)
    first = 1
    while True:
        try:
            cells = [cell.replace(_MARK, "\r") for cell in next(rows)]
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(first, rows.line_num, [], str(error))
        else:
            if cells:
                yield Row(first, rows.line_num, cells)
        first = rows.line_num + 1


def check_header(path: Path, line: int, names: Sequence[str]) -> None:
    """Refuse a header in which a name stands for several columns; unnamed ones cannot be meant.

    Raises:
        MissingDataError: columns have the same name.
    """
    repeated = [name for name, count in Counter(names).items() if count > 1 and name]
    if repeated:
        told = ", ".join(f"`{name}`" for name in repeated)
        raise bad(
            path,
            line,
            f"several columns have the name {told}",
            f"give each column a name of its own; the header has {', '.join(names)}",
        )
