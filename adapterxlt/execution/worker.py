"""A process that runs steps and stays warm between them.

    python -m adapterxlt.execution.worker JOB

Each line of its input is a step, `{"step": ID, "log": FILE}`. Each line of its output tells how
a step ended. Whatever libraries print goes into the step's log. When its input ends, the run is
gone, and the process ends at once, even within a step: the store is not damaged by that. A run that
stops sends SIGTERM first, and a training writes a checkpoint before it ends.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import IO

from adapterxlt import interrupt
from adapterxlt.errors import AdapterXLTError
from adapterxlt.execution.away import ensure_away
from adapterxlt.execution.executors.executor import Ended
from adapterxlt.execution.job import open_job
from adapterxlt.execution.step import ensure
from adapterxlt.progress_lines import LineProgress
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.stages.running.context import Context
from adapterxlt.store.beside import read_beside


class Worker:
    """Carries out steps of one run.

    Args:
        document: the file that `job.write_job` has written.
        home: the worker's own work folder; None: it works in that of the run.
        exchange: the remote for inputs and results, if the worker has its own work folder.
    """

    def __init__(
        self, document: Path, home: Path | None = None, exchange: Exchange | None = None
    ) -> None:
        self._document = document
        self._home, self._exchange = home, exchange
        self._context: Context | None = None

    def carry_out(self, step_id: str, log: IO[str]) -> Ended:
        """Compute a step, or find that the store has it."""
        try:
            progress = LineProgress(log)
            progress.log(f"{step_id} on {here()}, {time.strftime('%Y-%m-%d %H:%M:%S')}")
            if self._context is None:  # opened here, so that the step's log tells errors
                self._context = open_job(self._document, progress, self._home)
            context = self._context
            context.progress = progress
            planned = context.plan.by_id(step_id)
            beside: dict[str, str] = {}
            if self._exchange is None:
                computed = ensure(planned, context)
            else:
                computed = ensure_away(planned, context, self._exchange)
                beside = read_beside(context.store, planned.fingerprint)
            progress.log(f"{step_id}: {'finished' if computed else 'is in the store already'}")
            return Ended(step_id, computed, beside=beside)
        except AdapterXLTError as error:
            print(f"failed: {error}", file=log, flush=True)
            return Ended(step_id, error=str(error))
        except Exception as error:  # a run continues with what does not need this step
            traceback.print_exc(file=log)
            log.flush()
            return Ended(step_id, error=f"{type(error).__name__}: {error}\n  its log shows where")


def here() -> str:
    """Name this machine and process, for a log."""
    return f"{socket.gethostname()}, process {os.getpid()}"


@contextmanager
def output_to(path: Path) -> Iterator[IO[str]]:
    """Append all that this process and its libraries print to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = [os.dup(number) for number in (1, 2)]
    try:
        with path.open("a", encoding="utf-8", errors="backslashreplace") as log:
            for number in (1, 2):
                os.dup2(log.fileno(), number)
            yield log
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, old in zip((1, 2), kept, strict=True):
            os.dup2(old, number)
            os.close(old)


def main(document: Path) -> None:
    """Carry out the steps that the input names, until it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the run ends its workers itself
    interrupt.watch()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    asked: queue.Queue[str] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            asked.put(line)
        os._exit(1)

    threading.Thread(target=listen, daemon=True).start()
    worker = Worker(document)
    while True:
        interrupt.check()  # a training whose last step the signal came in has ended as a whole
        order = json.loads(asked.get())
        with output_to(Path(order["log"])) as log:
            ended = worker.carry_out(order["step"], log)
        print(json.dumps(asdict(ended)), file=answers, flush=True)


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except KeyboardInterrupt:
        os._exit(130)
