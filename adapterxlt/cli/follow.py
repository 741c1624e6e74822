"""`adapterxlt status --follow`: watch a run of another terminal through its work folder."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console
from rich.live import Live

from adapterxlt.cli.board import drawn, plain
from adapterxlt.errors import UsageError
from adapterxlt.execution.board import Board, newest_board

_EVERY = 1.0  # seconds between looks


def follow_run(workdir: Path, sleep: Callable[[float], None] = time.sleep) -> None:
    """Show the run that moved last until it is over; on a pipe, each change once.

    Raises:
        UsageError: nothing has run in the work folder.
    """
    board = _board(workdir)
    if sys.stdout.isatty():
        console = Console(highlight=False)
        with Live(drawn(board, time.time()), console=console, transient=True) as live:
            while board.state == "running":
                sleep(_EVERY)
                board = _board(workdir)
                live.update(drawn(board, time.time()))
    else:
        before: list[str] = []
        while board.state == "running":
            if (states := [line.state for line in board.lines.values()]) != before:
                click.echo(plain(board, time.time()))
                before = list(states)
            sleep(_EVERY)
            board = _board(workdir)
    click.echo(plain(board, time.time()))


def _board(workdir: Path) -> Board:
    board = newest_board(workdir)
    if board is None:
        raise UsageError(
            f"{workdir}: there is no run to follow in this work folder",
            hint="start one with `adapterxlt run RECIPE`",
        )
    return board
