"""Sends the logs of workers to the run, if the run does not see their disk. No torch."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_EVERY = 1.0  # seconds between looks at a log
_MOST = 1 << 20  # characters kept for the run; if there are more, the oldest are dropped


class Pieces:
    """An actor that keeps pieces of logs until they are taken."""

    def __init__(self) -> None:
        self._kept: list[tuple[str, str]] = []

    def add(self, step_id: str, text: str) -> None:
        """Keep a piece."""
        self._kept.append((step_id, text))
        while sum(len(text) for _, text in self._kept) > _MOST and len(self._kept) > 1:
            del self._kept[0]

    def take(self) -> list[tuple[str, str]]:
        """Return the pieces that were added since the last call."""
        found, self._kept = self._kept, []
        return found


@contextmanager
def sending(log: Path, send: Callable[[str], object]) -> Iterator[None]:
    """Send what is added to a log while this lasts; the rest is sent at the end."""
    over, start = threading.Event(), log.stat().st_size if log.exists() else 0

    def follow() -> None:
        place = start
        while True:
            last = over.wait(_EVERY)
            if log.exists():
                with log.open("rb") as stream:
                    stream.seek(place)
                    found = stream.read()
                whole = len(found) if last else found.rfind(b"\n") + 1
                if whole:
                    send(found[:whole].decode("utf-8", "replace"))
                place += whole
            if last:
                return

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
