"""Keeps the state of all steps of a run in one file of the work folder. No torch."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from adapterxlt.errors import AdapterXLTError
from adapterxlt.store.files import write_atomic

LOGS_FOLDER = "logs"  # within a work folder
STATE_NAME = "state.json"
_MAX_BYTES = 64 << 20
_TAIL = 16 << 10  # bytes at the end of a log that are searched for its last lines

State = Literal["waiting", "queued", "running", "done", "there", "failed", "skipped"]
OVER = ("done", "there", "failed", "skipped")


@dataclass
class Line:
    """A step of a run.

    Args:
        id: its id.
        needs: ids of the steps that it needs.
        state: whether it waits, runs or has ended, and how it ended.
        where: the process or machine that works on it; "" before that.
        began, ended: when it began and ended, in seconds since 1970; 0 before that.
        message: what the user should know about it, such as why it failed.
        log: name of its log file, which lies beside the board's file.
    """

    id: str
    needs: list[str]
    state: State = "waiting"
    where: str = ""
    began: float = 0.0
    ended: float = 0.0
    message: str = ""
    log: str = ""


@dataclass
class Board:
    """All steps of a run.

    Args:
        recipe: name of the recipe.
        executor: name of the executor.
        host, pid: the process that hands the steps out.
        folder: the folder of the logs.
        lines: the steps by id, in plan order.
        over: whether the run has ended.
    """

    recipe: str
    executor: str
    host: str
    pid: int
    folder: Path
    lines: dict[str, Line]
    over: bool = False

    def mark(self, step: str, state: State, *, where: str = "", message: str = "") -> None:
        """Record the state of a step."""
        line = self.lines[step]
        line.state = state
        line.where = where or line.where
        line.message = message
        if state == "running":
            line.began = time.time()
        elif state in OVER:
            line.ended = time.time()

    def write(self) -> None:
        """Write the file that `status --follow` reads."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_atomic(self.folder / STATE_NAME, _BOARD.dump_json(self, indent=1).decode() + "\n")

    def close(self) -> None:
        """Record that the run has ended or was interrupted."""
        for line in self.lines.values():
            if line.state not in OVER:
                line.state = "waiting"
        self.over = True
        self.write()

    @property
    def stopped(self) -> bool:
        """Whether the run's process ended before the run was over.

        False for a run on another machine, as its process cannot be looked for.
        """
        if self.over or self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            pass
        return False

    @property
    def state(self) -> Literal["running", "stopped", "over"]:
        """Whether the run goes on, or has ended, and then whether before its last step."""
        if not (self.over or self.stopped):
            return "running"
        return "stopped" if self.left else "over"

    @property
    def counts(self) -> dict[str, int]:
        """How many steps are `done`, `reused`, ...; without states that no step is in.

        Those of an ended run that have not ended themselves are `not_done`.
        """
        going = ("running", "queued", "waiting") if self.state == "running" else ()
        states = ("done", "there", *going, "failed", "skipped")
        found = {
            "reused" if state == "there" else state: sum(
                line.state == state for line in self.lines.values()
            )
            for state in states
        }
        if self.state == "stopped":
            found["not_done"] = self.left
        return {state: count for state, count in found.items() if count}

    @property
    def left(self) -> int:
        """Number of steps that have not ended."""
        return sum(line.state not in OVER for line in self.lines.values())

    def told_by_log(self, line: Line, lines: int = 1) -> list[str]:
        """Return the last lines of a step's log."""
        return tail(self.folder / line.log, lines) if line.log else []


_BOARD: TypeAdapter[Board] = TypeAdapter(Board)


def new_board(
    folder: Path, recipe: str, executor: str, steps: Iterable[tuple[str, Iterable[str]]]
) -> Board:
    """Return the board of a run that begins.

    Args:
        steps: the id of each step and the ids that it needs, in plan order.
    """
    lines = {name: Line(name, list(needs)) for name, needs in steps}
    return Board(recipe, executor, socket.gethostname(), os.getpid(), folder, lines)


def newest_board(workdir: Path) -> Board | None:
    """Return the most recently changed board of a work folder; None if there is none.

    Raises:
        AdapterXLTError: the file of the board cannot be read.
    """
    found = list((workdir / LOGS_FOLDER).glob(f"*/{STATE_NAME}"))
    if not found:
        return None
    path = max(found, key=lambda path: path.stat().st_mtime_ns)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError
        board = _BOARD.validate_json(path.read_bytes())
    except (OSError, ValueError, ValidationError):
        raise AdapterXLTError(
            f"{path}: cannot be read", hint="remove it; the next run writes a new one"
        ) from None
    board.folder = path.parent
    for line in board.lines.values():
        line.log = Path(line.log).name
    return board


def tail(path: Path, lines: int) -> list[str]:
    """Return the last lines of a text file; [] if the file does not exist."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _TAIL))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-lines:]
