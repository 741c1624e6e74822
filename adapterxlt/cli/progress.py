"""Progress on stderr: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import IO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from adapterxlt.cli import interrupt
from adapterxlt.progress import Bar
from adapterxlt.progress import Progress as ProgressProtocol
from adapterxlt.show import printable

EVERY = 10.0  # seconds between plain lines
SHORT = 2.0  # seconds; shorter work leaves no line


def open_progress(file: IO[str] | None = None) -> ProgressProtocol:
    """Return bars if `file` (default: stderr) is a terminal, else plain lines."""
    console = Console(file=file or sys.stderr, highlight=False)
    return BarProgress(console) if console.is_terminal else LineProgress(file or sys.stderr)


class _Tally:
    """How much of a piece of work is done, how fast it goes, how long it will take."""

    def __init__(self, total: int, done: int, unit: str, clock: Callable[[], float]) -> None:
        self.total = total
        self.done = done
        self.unit = unit
        self.note = ""
        self._clock = clock
        self._before = done
        self.started = clock()

    def advance(self, amount: int, note: str) -> None:
        interrupt.check()
        self.done += amount
        self.note = note or self.note

    @property
    def seconds(self) -> float:
        return self._clock() - self.started

    @property
    def rate(self) -> float:
        """Units a second in this process (not counting what an earlier one did)."""
        return (self.done - self._before) / self.seconds if self.seconds > 0 else 0.0

    @property
    def left(self) -> float | None:
        """Seconds left, None if unknown."""
        return (self.total - self.done) / self.rate if self.rate else None

    def rate_text(self) -> str:
        rate = self.rate
        if not rate:
            return ""
        number = f"{rate:.0f}" if rate >= 10 else f"{rate:.2g}"
        return f"{number} {self.unit}/s"


def duration(seconds: float) -> str:
    """`42s`, `3m05s`, `2h07m`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}s"
    return f"{whole // 3600}h{whole % 3600 // 60:02d}m"


class LineProgress:
    """One plain line every ten seconds of a piece of work, and at its end unless it was short."""

    def __init__(self, file: IO[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock

    def bar(self, description: str, total: int, *, done: int = 0, unit: str = "it") -> Bar:
        return _LineBar(self, description, _Tally(total, done, unit, self._clock), self._clock)

    def log(self, message: str) -> None:
        print(printable(message, lines=True), file=self._file, flush=True)


class _LineBar:
    def __init__(
        self,
        lines: LineProgress,
        description: str,
        tally: _Tally,
        clock: Callable[[], float],
    ) -> None:
        self._lines = lines
        self._description = description
        self._tally = tally
        self._clock = clock
        self._printed = clock()

    def __enter__(self) -> Bar:
        return self

    def advance(self, amount: int = 1, note: str = "") -> None:
        self._tally.advance(amount, note)
        now = self._clock()
        if now - self._printed >= EVERY and self._tally.done < self._tally.total:
            self._printed = now
            left = self._tally.left
            self._say("" if left is None else f"{duration(left)} left")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None or self._tally.seconds >= SHORT:
            end = "done" if kind is None else "stopped"
            self._say(f"{end} in {duration(self._tally.seconds)}")

    def _say(self, what: str) -> None:
        tally = self._tally
        count = f"{tally.done}/{tally.total}"
        parts = [part for part in (count, tally.rate_text(), tally.note, what) if part]
        self._lines.log(f"{self._description}: {', '.join(parts)}")


class BarProgress:
    """Bars with rate and time left; what took a while stays as one line when it is finished."""

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._live: Progress | None = None
        self._open = 0

    def bar(self, description: str, total: int, *, done: int = 0, unit: str = "it") -> Bar:
        return _RichBar(self, description, _Tally(total, done, unit, self._clock))

    def log(self, message: str) -> None:
        self._console.print(Text(printable(message, lines=True)))

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
                console=self._console,
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
    def __init__(self, owner: BarProgress, description: str, tally: _Tally) -> None:
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
        if kind is None and tally.seconds < SHORT:
            return
        mark = "✓" if kind is None else "✗"
        parts = [f"{tally.done} {tally.unit} in {duration(tally.seconds)}", tally.note]
        self._owner.log(f"{mark} {self._description}: {', '.join(part for part in parts if part)}")
