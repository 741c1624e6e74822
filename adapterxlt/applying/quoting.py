"""How quotes are read in a table of inputs: as the task's own reader takes them in its data."""

from __future__ import annotations

from pathlib import Path

from adapterxlt.applying.columns import input_columns
from adapterxlt.tasks.catalogue import Task, members_of
from adapterxlt.tasks.formats import TABLE_READERS, TABLES
from adapterxlt.tasks.layout import Layout
from adapterxlt.tasks.readers.pairs import quoting_of_pairs
from adapterxlt.tasks.readers.records import form_of
from adapterxlt.tasks.readers.tables import DELIMITERS, Quoting

_PAIRS = "pair_tsv"


def quoting_of(task: Task, written: str, header: str) -> Quoting:
    """Return how quotes are read, so that predictions are those of an evaluation of the file.

    The layout that has the same columns decides; else the first one that has such tables at all.
    Without any, it is as in entries that do not say it.

    Args:
        written: `csv` or `tsv`.
        header: the first line.
    """
    if '"' in header:  # no layout names such columns: whoever wrote the table quotes all fields
        return "csv"
    names = {*header.rstrip("\r\n").split(DELIMITERS[written])}
    layouts = [
        layout
        for member in members_of(task)
        for layout in member.layouts
        if _has_such_tables(layout, written)
    ]
    alike = [layout for layout in layouts if _columns(layout) and _columns(layout) <= names]
    for layout in (*alike, *layouts):
        return quoting_of_pairs(layout) if layout.format == _PAIRS else layout.quoting
    return "csv"


def _has_such_tables(layout: Layout, written: str) -> bool:
    if layout.format == _PAIRS:
        return written == "tsv"
    if layout.format not in (*TABLES, *TABLE_READERS):
        return False
    patterns = (pattern for roles in layout.files.values() for pattern in roles.values())
    return any(form_of(layout, Path(pattern)) == written for pattern in patterns)


def _columns(layout: Layout) -> set[str]:
    return {name for names in input_columns(layout).values() for name in names}
