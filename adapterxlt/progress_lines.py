"""Progress as plain lines, and how much of a piece of work is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import IO

from adapterxlt import interrupt
from adapterxlt.progress import STEP, Bar
from adapterxlt.show import printable

EVERY = 10.0  # seconds between plain lines
SHORT = 2.0  # seconds; shorter work leaves no line, except for trainings


class Tally:
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
    def worth_a_line(self) -> bool:
        """Whether it leaves a line when it is done."""
        return self.unit == STEP or self.seconds >= SHORT

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
    """One plain line every ten seconds of a piece of work, and at its end if it is worth one."""

    def __init__(self, file: IO[str], clock: Callable[[], float] = time.monotonic) -> None:
        self._file = file
        self._clock = clock

    def bar(self, description: str, total: int, *, done: int = 0, unit: str = "it") -> Bar:
        return _LineBar(self, description, Tally(total, done, unit, self._clock), self._clock)

    def log(self, message: str) -> None:
        print(printable(message, lines=True), file=self._file, flush=True)


class _LineBar:
    def __init__(
        self,
        lines: LineProgress,
        description: str,
        tally: Tally,
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
        if kind is not None or self._tally.worth_a_line:
            end = "done" if kind is None else "stopped"
            self._say(f"{end} in {duration(self._tally.seconds)}")

    def _say(self, what: str) -> None:
        tally = self._tally
        count = f"{tally.done}/{tally.total}"
        parts = [part for part in (count, tally.rate_text(), tally.note, what) if part]
        self._lines.log(f"{self._description}: {', '.join(parts)}")
