"""Pairs of texts with a label: tab-separated (XTREME, GLUE, PAWS-X) and JSON lines (NLI)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from adapterxlt.tasks.catalogue import Layout
from adapterxlt.tasks.files import bad, read_lines
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.readers.labels import DROP, LabelIndex
from adapterxlt.tasks.readers.rows import json_records, split_row, text_field
from adapterxlt.tasks.types import PairExample

log = logging.getLogger(__name__)

# line number, first text, second text, label (None where it is blanked)
_Record = tuple[int, str, str, str | None]


def read_pair_tsv(found: Found) -> Iterator[PairExample]:
    """Pairs in tab-separated columns; a test file may lack the labels throughout.

    Raises:
        MissingDataError: a line with other columns than the layout says, or an unknown label.
    """
    return _labelled(found, _tsv_records(found))


def read_pair_jsonl(found: Found) -> Iterator[PairExample]:
    """Pairs as JSON lines; a test file may lack the labels.

    Raises:
        MissingDataError: a line that is not JSON or lacks a key, or an unknown label.
    """
    return _labelled(found, _json_records(found))


def _labelled(found: Found, records: Iterator[_Record]) -> Iterator[PairExample]:
    labels = LabelIndex(found)
    dropped = 0
    for index, (line, text_a, text_b, label) in enumerate(records):
        number = None if label is None else labels.of(label, line)
        if number == DROP:
            dropped += 1
        else:
            yield PairExample(str(index), text_a, text_b, number)
    if dropped:
        log.info("%s: %d records without a gold label dropped", found.files["data"], dropped)


def _tsv_records(found: Found) -> Iterator[_Record]:
    path, layout = found.files["data"], found.layout
    lines = read_lines(path)
    first = 1 if layout.header else 0
    if len(lines) <= first:
        raise bad(path, 0, "the file holds a header but no examples")
    a, b, c, width = _columns(path, layout, lines[0])
    texts = max(a, b) + 1
    fits = range(texts, width + 1)
    # Published test files have no label column: then no line may have one.
    start = split_row(lines[first], fits)
    blanked = found.split == "test" and texts <= len(start) and (len(start) <= c or not start[c])
    for number, line in enumerate(lines[first:], start=first + 1):
        row = split_row(line, fits)
        if blanked:
            if len(row) not in fits:
                raise _misfit(path, number, row, texts)
            if len(row) > c and row[c]:
                raise bad(path, number, "has a label, the first line has none")
            yield number, row[a], row[b], None
        else:
            if len(row) != width:
                raise _misfit(path, number, row, width)
            yield number, row[a], row[b], row[c]


def _columns(path: Path, layout: Layout, header: str) -> tuple[int, int, int, int]:
    """Positions of first text, second text and label; number of columns."""
    positions: list[int] = []
    names = header.split("\t")
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
    if layout.header and c < len(names):
        return a, b, c, len(names)
    return a, b, c, max(positions) + 1


def _misfit(path: Path, number: int, row: list[str], expected: int) -> Exception:
    missing = "missing" if len(row) < expected else "too many"
    return bad(
        path,
        number,
        f"{len(row)} tab-separated columns, {expected} expected ({missing})",
        "one example a line; tabs and line breaks cannot be inside an example",
    )


def _json_records(found: Found) -> Iterator[_Record]:
    path, columns = found.files["data"], found.layout.columns
    a, b, c = (str(columns[field]) for field in ("text_a", "text_b", "label"))
    for number, record in json_records(path):
        text_a = text_field(path, number, record, a)
        text_b = text_field(path, number, record, b)
        if found.split == "test" and record.get(c) in (None, ""):
            yield number, text_a, text_b, None
        else:
            yield number, text_a, text_b, text_field(path, number, record, c)
