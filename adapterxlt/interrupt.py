"""Ctrl-C, and the signal that ends a program (SIGTERM, from schedulers and `kill`).

Both raise KeyboardInterrupt. A training first ends its step and writes a checkpoint, unless
Ctrl-C is pressed once more.

Python drops an exception where a destructor or a callback of a library happens to be at work, and
a long training would continue as if nothing had happened. So what was asked for is remembered,
and asked for once more when the work next reports that it moves.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

Act = Callable[[int, FrameType | None], object]

_SAID = b"\nstopping after this training step; press Ctrl-C again to stop at once\n"

_DEFAULTS = {signal.SIGINT: signal.default_int_handler, signal.SIGTERM: signal.SIG_DFL}

_asked = 0  # how many signals have asked for the end
_held = False  # whether the work ends its step first
_late: Callable[[], object] | None = None  # what is done when the step has ended


def watch() -> None:
    """Heed both signals from now on, unless whoever started the program has them ignored."""
    for number, default in _DEFAULTS.items():
        if signal.getsignal(number) == default:
            heed(number, _interrupt)


@contextmanager
def watching() -> Iterator[None]:
    """Heed both signals while this lasts, for programs that have not called `watch`."""
    global _asked, _late
    plain = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not plain or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _DEFAULTS}
    watch()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _asked, _late = 0, None


def heed(number: int, act: Act) -> None:
    """Do this when a signal comes; if it comes within a step of training, after the step."""

    def handler(number: int, frame: FrameType | None) -> None:
        global _asked, _late
        if _asked and number != signal.SIGINT:
            return  # schedulers send theirs several times
        _asked += 1
        if _held and _asked == 1:
            _late = partial(act, number, frame)
            os.write(2, _SAID)  # whoever waits should know why
            return
        act(number, frame)

    signal.signal(number, handler)


@contextmanager
def ending_steps() -> Iterator[None]:
    """Let the work within this end its step; it asks `wanted` after each, and calls `stop`."""
    global _held
    check()
    _held = True
    try:
        yield
    finally:
        _held = False


def wanted() -> bool:
    """Whether the work should stop."""
    return _asked > 0


def stop() -> None:
    """Do what the signal asked for, now that the step has ended."""
    if _late is not None:
        _late()


def check() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed before; within a step, if it was twice."""
    if _asked > _held:
        raise KeyboardInterrupt


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
