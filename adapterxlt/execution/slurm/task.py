"""What a SLURM job does for one step. No torch."""

from __future__ import annotations

import os
import signal
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import Any

from adapterxlt import interrupt
from adapterxlt.execution.away import own_folder
from adapterxlt.execution.slurm.commands import submitit
from adapterxlt.execution.worker import Worker, output_to
from adapterxlt.progress import Silent
from adapterxlt.sharing.exchange import Exchange
from adapterxlt.store.files import write_json


class Task:
    """What a job does; submitit sends it to the node. A preempted job returns to the queue."""

    def __init__(self, document: str, step_id: str, log: str, answer: str, url: str) -> None:
        self.document, self.step_id, self.log, self.answer = document, step_id, log, answer
        self.url = url  # the remote that can be written, "" for none

    def __call__(self) -> None:
        os.environ.setdefault("OMP_NUM_THREADS", os.environ.get("SLURM_CPUS_PER_TASK", "1"))
        _end_after_steps()
        document = Path(self.document)
        home = own_folder(document, self.url)
        exchange = Exchange(self.url, Silent()) if home is not None else None
        with output_to(Path(self.log)) as stream:
            ended = Worker(document, home, exchange).carry_out(self.step_id, stream)
        write_json(Path(self.answer), asdict(ended))

    def checkpoint(self) -> Any:
        """Tell submitit to run the same job again, which continues from the last checkpoint."""
        return submitit().helpers.DelayedSubmission(self)


def _end_after_steps() -> None:
    """Let a training write a checkpoint when SLURM preempts or ends its job.

    Submitit asks for one of the first two signals some time before the end, and puts the job back
    into the queue. SLURM sends the third one to each job that it ends or requeues, and kills the
    job a while later.
    """
    for number in (signal.SIGUSR1, signal.SIGUSR2):
        requeue = signal.getsignal(number)
        if callable(requeue):
            interrupt.heed(number, requeue)
    interrupt.heed(signal.SIGTERM, _leave)


def _leave(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
