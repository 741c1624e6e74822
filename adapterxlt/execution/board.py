"""The state of all steps of a run, kept in one file of the work folder. No torch."""

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
_TAIL = 16 << 10  # bytes of a log that its last lines are looked for in

State = Literal["waiting", "queued", "running", "done", "there", "failed", "skipped"]
OVER = ("done", "there", "failed", "skipped")


@dataclass
class Line:
    """A step of a run.

    Args:
        needs: ids of the steps that it needs.
        where: the process or machine that works on it.
        began, ended: seconds since 1970; 0 before that.
        message: why it failed or was skipped.
        log: name of its log file, beside the board's.
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
        recipe: its name.
        executor: its name.
        host, pid: the process that hands the steps out.
        folder: where the logs are.
        lines: by step id, in plan order.
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
        """Whether its process is gone though steps were left to do; of this machine's only."""
        if self.over or self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            pass
        return False

    def told_by_log(self, line: Line, lines: int = 1) -> list[str]:
        """The last lines of a step's log."""
        return tail(self.folder / line.log, lines) if line.log else []


_BOARD: TypeAdapter[Board] = TypeAdapter(Board)


def new_board(
    folder: Path, recipe: str, executor: str, steps: Iterable[tuple[str, Iterable[str]]]
) -> Board:
    """The board of a run that begins.

    Args:
        steps: the id of each step and the ids that it needs, in plan order.
    """
    lines = {name: Line(name, list(needs)) for name, needs in steps}
    return Board(recipe, executor, socket.gethostname(), os.getpid(), folder, lines)


def newest_board(workdir: Path) -> Board | None:
    """The board of the run of a work folder that moved last; None if there was none.

    Raises:
        AdapterXLTError: it cannot be read.
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
    """The last lines of a text file, [] where there is none."""
    try:
        with path.open("rb") as stream:
            stream.seek(max(0, path.stat().st_size - _TAIL))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return []
    return [line for line in text.splitlines() if line.strip()][-lines:]
