"""Ctrl-C that comes at a moment when Python drops exceptions."""

from __future__ import annotations

import signal
import subprocess
import sys

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
