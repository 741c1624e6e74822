"""The interface for progress reports; see `progress_lines.py` and `cli/progress.py`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol

STEP = "step"  # the unit of a training


class Bar(Protocol):
    """One running piece of work; use as a context manager."""

    def advance(self, amount: int = 1, note: str = "") -> None:
        """Say that `amount` more units are done; `note` is a short text such as `loss 0.41`."""

    def __enter__(self) -> Bar: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Progress(Protocol):
    """Opens bars and prints log lines (both go to stderr)."""

    def bar(self, description: str, total: int, *, done: int = 0, unit: str = "it") -> Bar:
        """Open a bar of `total` units; an earlier run has finished `done` of them."""

    def log(self, message: str) -> None:
        """Print one line."""


class _SilentBar(AbstractContextManager["_SilentBar"]):
    def advance(self, amount: int = 1, note: str = "") -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return None


class Silent:
    """Reports nothing: for tests and for use as a library."""

    def bar(self, description: str, total: int, *, done: int = 0, unit: str = "it") -> Bar:
        return _SilentBar()

    def log(self, message: str) -> None:
        return None
