"""Ctrl-C that comes at a moment when Python drops exceptions."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from adapterxlt import interrupt

PROGRAM = """
import os, signal
from adapterxlt import interrupt
from adapterxlt.cli.progress import open_progress

class Library:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            pass

signal.signal(signal.SIGINT, signal.default_int_handler)  # as in a terminal, however tests run
interrupt.watch()
library = Library()
with open_progress().bar("training", 10) as bar:
    bar.advance()
    del library
    print("dropped", flush=True)
    bar.advance()
    print("went on", flush=True)
"""


def test_a_dropped_interrupt_ends_the_work_at_its_next_step() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True)
    assert done.stdout == "dropped\n"
    assert "Exception ignored" in done.stderr
    assert done.returncode == -signal.SIGINT


def test_an_interrupt_that_is_to_be_ignored_stays_so() -> None:
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "from adapterxlt import interrupt; interrupt.watch()\n"
        "assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


STEPS = """
import os, signal, sys
from adapterxlt import interrupt

signal.signal(signal.SIGINT, signal.default_int_handler)
interrupt.watch()
signals = [getattr(signal, name) for name in sys.argv[1:]]
try:
    with interrupt.ending_steps():
        for number in signals:
            os.kill(os.getpid(), number)
            interrupt.check()
            print("in the step")
        assert interrupt.wanted()
        print("the step is over")
        interrupt.stop()
        print("went on")
except KeyboardInterrupt:
    print("stopped")
"""


@pytest.mark.parametrize(
    ("signals", "lines"),
    [
        (["SIGINT"], ["in the step", "the step is over", "stopped"]),
        (["SIGTERM"], ["in the step", "the step is over", "stopped"]),
        (["SIGINT", "SIGINT"], ["in the step", "stopped"]),
        (["SIGTERM", "SIGINT"], ["in the step", "stopped"]),
        # Schedulers send it to a group of processes and to each of them.
        (["SIGTERM", "SIGTERM"], ["in the step"] * 2 + ["the step is over", "stopped"]),
    ],
)
def test_a_step_is_ended_first_unless_ctrl_c_is_pressed_again(
    signals: list[str], lines: list[str]
) -> None:
    done = subprocess.run([sys.executable, "-c", STEPS, *signals], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == lines
    told = "stopping after this training step; press Ctrl-C again to stop at once"
    assert done.stderr.split("\n") == ["", told, ""]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_are_heeded_for_a_while_in_other_programs(number: signal.Signals) -> None:
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with pytest.raises(KeyboardInterrupt), interrupt.watching():
            signal.raise_signal(number)
        assert not interrupt.wanted()
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
