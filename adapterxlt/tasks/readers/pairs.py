"""Reads pairs of texts with a label from tab-separated columns or records with named fields."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.show import number_of
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.layout import Column, Layout
from adapterxlt.tasks.readers.labels import DROP, LabelIndex, tell_dropped
from adapterxlt.tasks.readers.records import First, name_of, records_of, text_field, value_of
from adapterxlt.tasks.readers.rows import split_row
from adapterxlt.tasks.readers.tables import Quoting, check_header
from adapterxlt.tasks.reading import bad, read_lines
from adapterxlt.tasks.streams import stream_lines

log = logging.getLogger(__name__)

# line number, first text, second text, label (None if it is blanked), id (None: its row)
_Row = tuple[int, str, str, str | None, str | None]


def read_pair_tsv(found: Found) -> Iterator[PairExample]:
    """Read pairs in tab-separated columns; a test file may lack all labels.

    Raises:
        MissingDataError: a line has other columns than the layout says, or a label is unknown.
    """
    if quoting_of_pairs(found.layout) == "none":
        return _labelled(found, _from_the_right(found))
    return _labelled(found, _from_the_left(found))


def quoting_of_pairs(layout: Layout) -> Quoting:
    """Return how `read_pair_tsv` reads quotes."""
    return "none" if layout.columns["label"] == -1 else "lines"


def first_of_pairs(layout: Layout, path: Path) -> First | None:
    """Return the first row of a file for `read_pair_tsv`; None if it says nothing of the others.

    Raises:
        MissingDataError: it cannot be read.
    """
    columns = list(layout.columns.values())
    named = layout.header and all(isinstance(column, str) for column in columns)
    counted = all(isinstance(column, int) and column >= 0 for column in columns)
    if not named and (not counted or layout.language_column or layout.skip_short_rows):
        return None
    _, line = next(stream_lines(path))
    names = line.removesuffix("\n").removesuffix("\r").split("\t")
    numbers = map(str, range(len(names)))
    return First(1, "column", dict.fromkeys(names if named else numbers), numbered=not named)


def read_pair_records(found: Found) -> Iterator[PairExample]:
    """Read pairs from records; a test file may lack the labels.

    Raises:
        MissingDataError: a record is malformed or lacks a key, or a label is unknown.
    """
    return _labelled(found, _records(found))


def _labelled(found: Found, rows: Iterator[_Row]) -> Iterator[PairExample]:
    labels = LabelIndex(found)
    dropped = 0
    for index, (line, text_a, text_b, label, name) in enumerate(rows):
        number = None if label is None else labels.of(label, line)
        if number == DROP:
            dropped += 1
        else:
            yield PairExample(name or str(index), text_a, text_b, number)
    tell_dropped(found, dropped)


def _from_the_left(found: Found) -> Iterator[_Row]:
    path, layout = found.files["data"], found.layout
    lines = read_lines(path)
    first = 1 if layout.header else 0
    if len(lines) <= first:
        raise bad(path, 0, "the file holds a header but no examples")
    a, b, c, width, language = _columns(path, layout, lines[0])
    texts = max(a, b) + 1
    fits = range(texts, width + 1)
    # Published test files have no label column. In such a file, no line may have one.
    start = split_row(lines[first], fits)
    blanked = found.split == "test" and texts <= len(start) and (len(start) <= c or not start[c])
    short = 0
    for number, line in enumerate(lines[first:], start=first + 1):
        row = split_row(line, fits)
        if layout.skip_short_rows and len(row) < (texts if blanked else width):
            short += 1
        elif len(row) not in (fits if blanked else (width,)):
            raise _misfit(path, number, row, texts if blanked else width)
        elif language is not None and row[language] != found.language:
            continue
        elif not blanked:
            yield number, row[a], row[b], row[c], None
        elif len(row) > c and row[c]:
            raise bad(path, number, "has a label, but the first line has none")
        else:
            yield number, row[a], row[b], None, None
    if short:
        log.warning("%s: skipped %d lines with too few columns", path, short)


def _columns(path: Path, layout: Layout, header: str) -> tuple[int, int, int, int, int | None]:
    """Return the positions of first text, second text and label, the number of columns, and the
    position of the language."""
    positions: list[int] = []
    names = header.split("\t")
    if any(isinstance(column, str) for column in layout.columns.values()):
        check_header(path, 1, names)
    for field in ("text_a", "text_b", "label"):
        column = layout.columns[field]
        if isinstance(column, int):
            positions.append(column)
        elif column in names:
            positions.append(names.index(str(column)))
        elif field == "label":
            positions.append(len(names))
        else:
            raise bad(path, 1, f"no column `{column}`", f"the header has {', '.join(names)}")
    a, b, c = positions
    language = None
    if layout.language_column:
        if layout.language_column not in names:
            raise bad(path, 1, f"no column `{layout.language_column}`")
        language = names.index(layout.language_column)
    if layout.header and c < len(names):
        return a, b, c, len(names), language
    return a, b, c, max(positions) + 1, language


def _from_the_right(found: Found) -> Iterator[_Row]:
    """Read columns number_of from the right, as published descriptions differ on the left ones.

    If not every line ends with a label, the file counts as a test file without labels, which lacks
    the last column. Cells may be empty.
    """
    path, columns = found.files["data"], found.layout.columns
    lines = read_lines(path)
    rows = [line.split("\t") for line in lines]
    blanked = False
    if found.split == "test":
        labels = LabelIndex(found)
        blanked = not all(row[-1] in labels for row in rows)
    shift = 1 if blanked else 0
    first = [position + shift for position in _positions(columns["text_a"])]
    second = [position + shift for position in _positions(columns["text_b"])]
    needed = -min(first + second)
    for number, row in enumerate(rows, start=1):
        if len(row) < needed:
            raise _misfit(path, number, row, needed)
        text_a = " ".join(row[position] for position in first)
        text_b = " ".join(row[position] for position in second)
        yield number, text_a, text_b, None if blanked else row[-1], None


def _positions(column: Column) -> list[int]:
    return [int(position) for position in (column if isinstance(column, tuple) else (column,))]


def _misfit(path: Path, number: int, row: list[str], expected: int) -> Exception:
    missing = "missing" if len(row) < expected else "too many"
    return bad(
        path,
        number,
        f"{number_of(len(row), 'tab-separated column')}, {expected} expected ({missing})",
        "write one example per line, without tabs or line breaks inside an example",
    )


def _records(found: Found) -> Iterator[_Row]:
    path, layout = found.files["data"], found.layout
    a, b, c = (layout.columns[field] for field in ("text_a", "text_b", "label"))
    for index, (number, record) in enumerate(records_of(found)):
        text_a, text_b = (
            " ".join(text_field(path, number, record, str(key)) for key in keys)
            for keys in (_names(a), _names(b))
        )
        blanked = found.split == "test" and record.get(str(c)) in (None, "", -1)
        label = None if blanked else str(value_of(path, number, record, str(c)))
        yield number, text_a, text_b, label, name_of(found, index, record)


def _names(column: Column) -> tuple[int, ...] | tuple[str, ...]:
    return column if isinstance(column, tuple) else (str(column),)
