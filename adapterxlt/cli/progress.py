"""Progress on stderr: bars on a terminal, plain lines (`progress_lines`) elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from adapterxlt.progress import Bar
from adapterxlt.progress import Progress as ProgressProtocol
from adapterxlt.progress_lines import LineProgress, Tally, duration
from adapterxlt.show import printable


def open_progress(file: IO[str] | None = None) -> ProgressProtocol:
    """Return bars if `file` (default: stderr) is a terminal, else plain lines."""
    console = Console(file=file or sys.stderr, highlight=False)
    return BarProgress(console) if console.is_terminal else LineProgress(file or sys.stderr)


class BarProgress:
    """Bars with rate and time left; a training or a long bar leaves one line when it ends."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = console
        self._clock = clock
        self._live: Progress | None = None
        self._open = 0

    def bar(self, description: str, total: int, *, done: int = 0, unit: str = "it") -> Bar:
        return _RichBar(self, description, Tally(total, done, unit, self._clock))

    def log(self, message: str) -> None:
        self.console.print(Text(printable(message, lines=True)))

    def attach(self) -> Progress:
        """Start the display with the first bar."""
        if self._live is None:
            self._live = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24),
                TextColumn("{task.completed}/{task.total}", markup=False),
                TextColumn("{task.fields[rate]}", markup=False),
                TimeRemainingColumn(compact=True),
                TextColumn("{task.fields[note]}", markup=False),
                console=self.console,
                transient=True,
            )
            self._live.start()
        self._open += 1
        return self._live

    def detach(self) -> None:
        """Stop the display with the last bar."""
        self._open -= 1
        if self._open == 0 and self._live is not None:
            self._live.stop()
            self._live = None


class _RichBar:
    def __init__(self, owner: BarProgress, description: str, tally: Tally) -> None:
        self._owner = owner
        self._description = description
        self._tally = tally
        self._task: TaskID | None = None
        self._live: Progress | None = None

    def __enter__(self) -> Bar:
        self._live = self._owner.attach()
        self._task = self._live.add_task(
            printable(self._description),
            total=self._tally.total,
            completed=self._tally.done,
            rate="",
            note="",
        )
        return self

    def advance(self, amount: int = 1, note: str = "") -> None:
        self._tally.advance(amount, printable(note))
        if self._live is not None and self._task is not None:
            self._live.update(
                self._task,
                completed=self._tally.done,
                rate=self._tally.rate_text(),
                note=self._tally.note,
            )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None and self._task is not None:
            self._live.remove_task(self._task)
        self._owner.detach()
        tally = self._tally
        if kind is None and not tally.worth_a_line:
            return
        mark = "✓" if kind is None else "✗"
        parts = [f"{tally.done} {tally.unit} in {duration(tally.seconds)}", tally.note]
        self._owner.log(f"{mark} {self._description}: {', '.join(part for part in parts if part)}")
