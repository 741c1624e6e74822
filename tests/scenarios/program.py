"""The program as a user starts it: a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from tests.scenarios.preloaded import PLAIN, Program, start_program

Cli = Callable[..., subprocess.CompletedProcess[str]]


# The program, which counts what it does to files of some folders: opening, renaming, removing,
# making folders. At an event of a given number it is killed, by itself and so at the very moment,
# or some CPU time later; otherwise it leaves the count in a file.
COUNTING = """
import atexit, os, pathlib, signal, sys

number, late, report, places, *arguments = sys.argv[1:]
number, late, places = int(number), float(late), tuple(places.split(os.pathsep))
count = 0

def heed(event, args):
    global count
    if event != "open" and not event.startswith(("os.", "shutil.")):
        return
    if not any(isinstance(arg, (str, os.PathLike)) and os.path.abspath(arg).startswith(places)
               for arg in args):
        return
    count += 1
    if count == number:
        if late:  # ends the process just as SIGKILL does: nothing heeds SIGPROF
            signal.setitimer(signal.ITIMER_PROF, late)
        else:
            os.kill(os.getpid(), signal.SIGKILL)

if not number:
    atexit.register(lambda: pathlib.Path(report).write_text(str(count)))
sys.addaudithook(heed)
sys.argv = ["adapterxlt", *arguments]
from adapterxlt.cli.main import main
main()
"""


def start(arguments: Sequence[object], folder: Path, code: str = PLAIN) -> Program:
    """Start `adapterxlt ARGUMENTS` in `folder`, in its own process group."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1", "COLUMNS": "120"}
    return start_program([str(argument) for argument in arguments], folder, environment, code)


def count_events(arguments: Sequence[object], folder: Path, *places: Path) -> int:
    """Run the program to its end; how many things it did to files of these folders."""
    report = folder / "events"
    process = start(
        ["0", "0", report, os.pathsep.join(map(str, places)), *arguments], folder, COUNTING
    )
    _, err = process.communicate()
    assert process.returncode == 0, err
    return int(report.read_text())


def killed_at(
    number: int, arguments: Sequence[object], folder: Path, *places: Path, late: float = 0
) -> bool:
    """Run the program until its event of this number; False if it ended before.

    However fast the machine is, it is killed at the same point of its work.

    Args:
        late: seconds of CPU time from the event to the kill.
    """
    process = start(
        [number, late, "", os.pathsep.join(map(str, places)), *arguments], folder, COUNTING
    )
    _, err = process.communicate()
    assert process.returncode in (0, -signal.SIGKILL, -signal.SIGPROF), err
    return process.returncode != 0


def there(folder: Path, pattern: str) -> bool:
    """Whether there is such a file; `glob` fails if a folder goes away while it looks."""
    try:
        return any(folder.glob(pattern))
    except FileNotFoundError:
        return False


def kill(process: Program) -> bool:
    """SIGKILL it with all it started, and wait; False if it had ended before."""
    running = process.poll() is None
    if running:
        with suppress(ProcessLookupError):  # it has ended since
            os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    return running
