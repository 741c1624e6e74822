"""Makes consoles for tables: with colours on a terminal, as plain text of fixed width elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import IO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapterxlt.show import printable

PLAIN_WIDTH = 100


def make_console(file: IO[str] | None = None) -> Console:
    """Return a console on `file` (default: stdout); NO_COLOR and COLUMNS are respected.

    A file always gets plain text; in a notebook, rich would display the text instead.
    """
    plain = None if file is None else False
    console = Console(
        file=file or sys.stdout,
        highlight=False,
        soft_wrap=False,
        force_terminal=plain,
        force_jupyter=plain,
    )
    if _may_widen(console):
        console.width = PLAIN_WIDTH
    return console


def _may_widen(console: Console) -> bool:
    """Whether lines may become wider, as the user has not set a width."""
    return not console.is_terminal and "COLUMNS" not in console._environ


def plain_table() -> Table:
    """Return an empty table in the style of all tables of the project."""
    return Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        collapse_padding=True,
        pad_edge=False,
        header_style="bold",
    )


def print_in_blocks(build: Callable[[range], Table], columns: int, console: Console) -> None:
    """Print a table, below itself where its columns do not fit side by side.

    Args:
        build: makes the table of some of the columns, which are given by their places.
        columns: their number.
    """
    start = 0
    while start < columns:
        stop = columns
        while stop > start + 1 and not _fits(build(range(start, stop)), console):
            stop -= 1
        console.print(build(range(start, stop)))
        start = stop


def _fits(table: Table, console: Console) -> bool:
    unbounded = console.options.update(width=10_000)
    return console.measure(table, options=unbounded).maximum <= console.width


def print_table(records: Sequence[Mapping[str, object]], console: Console | None = None) -> None:
    """Print records with the same keys as a table; numbers are right-aligned.

    If the table is too wide, columns of several words are wrapped. If even the longest words do not
    fit, a terminal gets them folded, while a file or a pipe gets wider lines, so that names stay
    whole there. Text is never cut off, as half a number is another number.
    """
    console = console or make_console()
    table = plain_table()
    if not records:
        console.print("(nothing)")
        return
    columns = list(records[0])
    cells = {name: [name, *(str(record[name]) for record in records)] for name in columns}
    whole = {name for name in columns if max(len(cell.split()) for cell in cells[name]) < 2}
    words = {name: [word for cell in cells[name] for word in cell.split()] for name in columns}
    longest = {name: max(map(cell_len, words[name]), default=0) for name in columns}
    needed = sum(2 + longest[name] for name in columns)
    wider = needed > console.width and _may_widen(console)
    if wider:
        table.width = needed
    elif needed > console.width:
        whole = set()  # unwrapped, a column too narrow for its words would vanish
    for column in columns:
        numeric = all(isinstance(record[column], int | float) for record in records)
        table.add_column(
            column,
            justify="right" if numeric else "left",
            no_wrap=column in whole,
            min_width=longest[column] if wider else None,
            overflow="fold",
        )
    for record in records:
        # Cells are plain text: rich must not read `lora[r=4]` or an artifact's text as markup.
        table.add_row(*(Text(printable(record[column], lines=True)) for column in columns))
    console.print(table, crop=not wider)
