"""The program as a user starts it: a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

Cli = Callable[..., subprocess.CompletedProcess[str]]


def start(arguments: Sequence[object], folder: Path) -> subprocess.Popen[str]:
    """Start `adapterxlt ARGUMENTS` in `folder`, in its own process group."""
    return subprocess.Popen(
        [sys.executable, "-m", "adapterxlt", *map(str, arguments)],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=_heed_interrupts,
        env={**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1", "COLUMNS": "120"},
    )


def kill(process: subprocess.Popen[str]) -> bool:
    """SIGKILL it with all it started, and wait; False if it had ended before."""
    running = process.poll() is None
    if running:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return running


def _heed_interrupts() -> None:
    """Whatever started the tests may ignore Ctrl-C (a shell's background does); children would."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
