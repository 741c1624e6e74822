"""Shows on a terminal which steps of a run are running, waiting or failed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from adapterxlt.cli.progress import BarProgress
from adapterxlt.execution.board import OVER, Board, Line
from adapterxlt.execution.run import Watch
from adapterxlt.progress import Progress
from adapterxlt.progress_lines import duration
from adapterxlt.show import printable

_ROWS = 20  # steps of one state that are shown
_LOG_LINES = 5
_SHORT = 100  # characters of a log's line
_END = {
    "running": "",
    "stopped": "; the run was stopped; run the same command again to continue",
    "over": "; the run is over",
}


@contextmanager
def live_board(board: Board, console: Console) -> Iterator[None]:
    """Show a board at the bottom of a terminal until it is left."""
    with Live(
        get_renderable=lambda: drawn(board, time.time()),
        console=console,
        refresh_per_second=2,
        transient=True,
    ):
        yield


def watching(progress: Progress) -> Watch | None:
    """Return a function that shows the board of a run on a terminal; None on other outputs."""
    if isinstance(progress, BarProgress):
        return lambda board: live_board(board, progress.console)
    return None


def drawn(board: Board, now: float) -> RenderableType:
    """Show the steps at work as a table, and count the others in a line below it."""
    lines = list(board.lines.values())
    table = Table(box=None, pad_edge=False, show_header=False)
    for line in [line for line in lines if line.state in ("running", "queued")][:_ROWS]:
        told = board.told_by_log(line) if line.state == "running" else [line.message]
        took = duration(now - line.began) if line.state == "running" and line.began else ""
        table.add_row(*map(_cell, (line.id, line.state, line.where, took, *told)))
    waiting = [line for line in lines if line.state == "waiting"]
    for line in waiting[:_ROWS]:
        table.add_row(*map(_cell, (line.id, "waits", _missing(board, line))))
    return Group(table, _cell(summary(board)))


def plain(board: Board, now: float) -> str:
    """The same as text, with what failed and why."""
    texts = []
    ended = board.state != "running"
    for line in board.lines.values():
        if ended and line.state not in OVER:
            texts.append(f"{line.id}: not done")
        elif line.state == "running":
            told = "".join(f": {text}" for text in board.told_by_log(line))
            took = f" for {duration(now - line.began)}" if line.began else ""
            texts.append(f"{line.id}: running in {line.where}{took}{told}")
        elif line.state == "queued":
            texts.append(f"{line.id}: queued{f', {line.message}' if line.message else ''}")
        elif line.state == "waiting":
            texts.append(f"{line.id}: waiting{_missing(board, line)}")
        elif line.state == "failed":
            texts.append(f"{line.id}: failed: {line.message}")
            texts += [f"    {text}" for text in board.told_by_log(line, _LOG_LINES)]
        elif line.state == "skipped":
            texts.append(f"{line.id}: skipped, {line.message}")
    return printable("\n".join([*texts, summary(board)]), lines=True)


def summary(board: Board) -> str:
    """`r: 3 done, 2 running, 4 waiting`; of a run that has ended, how many steps are left."""
    told = [f"{count} {state.replace('_', ' ')}" for state, count in board.counts.items()]
    return f"{board.recipe}: {', '.join(told)}{_END[board.state]}"


def _missing(board: Board, line: Line) -> str:
    needed = [name for name in line.needs if board.lines[name].state not in OVER]
    return f" for {', '.join(needed)}" if needed else " for a free slot"


def _cell(text: object) -> Text:
    shown = printable(text)
    return Text(shown if len(shown) <= _SHORT else f"{shown[: _SHORT - 1]}…", overflow="ellipsis")
