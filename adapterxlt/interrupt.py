"""Ctrl-C that does not get lost.

Python drops an exception where a destructor or a callback of a library happens to be at work, and
a long training would continue as if nothing had happened. So what was asked for is remembered,
and asked for once more when the work next reports that it moves.
"""

from __future__ import annotations

import signal
from types import FrameType

_asked = False


def watch() -> None:
    """Remember Ctrl-C from now on, unless whoever started the program has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def check() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed before."""
    if _asked:
        raise KeyboardInterrupt


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _asked
    _asked = True
    raise KeyboardInterrupt
