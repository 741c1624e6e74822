"""Runs several processes that train one step together, each on its own device (`devices: N`).

    python -m adapterxlt.execution.ranks JOB STEP STAGING DEVICE PORT RANK SIZE

The process that carries the step out is rank 0. The others do the same up to the end of the
training, but write nothing. They end when it ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from adapterxlt.devices import compute_exactly, find_device
from adapterxlt.errors import AdapterXLTError
from adapterxlt.execution.board import tail
from adapterxlt.execution.job import JOB_NAME, open_job, write_job
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.progress_lines import LineProgress
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.stages.running.context import Context

if TYPE_CHECKING:
    import torch

FOLDER = "ranks"  # in a step's staging folder; holds the job and a log of each process
_HOST = "127.0.0.1"
# How long a process waits for the others: one may write for a while at the end of an epoch.
_PATIENCE = timedelta(minutes=20)
_SHOWN = 8  # how many lines of a log an error shows


@contextmanager
def together(planned: PlannedStep, context: Context, staging: Path) -> Iterator[None]:
    """Share the step's training with further processes while this lasts, if it asks for several.

    Raises:
        AdapterXLTError: one of the processes failed.
    """
    size = planned.step.devices
    if size == 1:
        yield
        return
    import torch
    import torch.distributed as dist

    from adapterxlt.training.ranks import Ranks

    folder = staging / FOLDER
    write_job(context, folder / JOB_NAME)
    store = _store(0, size, first=True)
    device, threads = find_device(context.device), torch.get_num_threads()
    own = max(1, threads // size)
    asked = [planned.step.id, str(staging), str(device), str(store.port)]
    others = [_start(folder, asked, rank, size, own) for rank in range(1, size)]
    context.ranks = Ranks(0, size)
    torch.set_num_threads(own)
    try:
        for rank, other in enumerate(others, 1):
            _wait_until_ready(folder, rank, other)
        _join(store, device, 0, size)
        yield
    except RuntimeError as error:
        if failed := _failed(others):
            raise _failure(folder, failed) from error
        raise
    finally:
        context.ranks = None
        torch.set_num_threads(threads)
        for other in others:
            with suppress(OSError):
                other.kill()
            other.wait()
        if dist.is_initialized():
            dist.destroy_process_group()


def device_of(device: torch.device, rank: int) -> str:
    """Return the device of a process; GPUs are counted from that of the first process on."""
    return f"cuda:{(device.index or 0) + rank}" if device.type == "cuda" else str(device)


def _start(
    folder: Path, asked: Sequence[str], rank: int, size: int, threads: int
) -> subprocess.Popen[str]:
    arguments = [str(folder / JOB_NAME), *asked, str(rank), str(size)]
    with _log(folder, rank).open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "adapterxlt.execution.ranks", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
            env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        )


def _log(folder: Path, rank: int) -> Path:
    return folder / f"{rank}.log"


def _wait_until_ready(folder: Path, rank: int, other: subprocess.Popen[str]) -> None:
    assert other.stdout is not None
    if not other.stdout.readline():
        raise _failure(folder, rank)


def _failed(others: Sequence[subprocess.Popen[str]]) -> int:
    """Return the rank of a process that failed; 0 if all go on for half a minute."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        for rank, other in enumerate(others, 1):
            if other.poll():
                return rank
        time.sleep(0.1)
    return 0


def _failure(folder: Path, rank: int) -> AdapterXLTError:
    lines = "".join(f"\n    {line}" for line in tail(_log(folder, rank), _SHOWN))
    return AdapterXLTError(f"process {rank} of this training failed; its log ends with:{lines}")


def _store(port: int, size: int, *, first: bool) -> Any:
    """Return the store through which the processes find each other; port 0: any free port."""
    import torch.distributed

    distributed: Any = torch.distributed
    return distributed.TCPStore(
        _HOST, port, size, is_master=first, wait_for_workers=False, timeout=_PATIENCE
    )


def _join(store: Any, device: torch.device, rank: int, size: int) -> None:
    import torch.distributed as dist

    # NCCL hangs, or ends the process, if another process is gone. Gloo raises an error, and what is
    # on the CPU is exchanged first in every step.
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    dist.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=_PATIENCE)


def main(arguments: Sequence[str]) -> None:
    """Run one of the further processes."""
    # A scheduler sends it to all processes, and the first one has to write a checkpoint yet.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    document, step_id, staging, first, port, *numbers = arguments
    rank, size = map(int, numbers)

    def end_with_the_first() -> None:
        sys.stdin.read()
        os._exit(1)

    threading.Thread(target=end_with_the_first, daemon=True).start()
    import torch

    from adapterxlt.training.ranks import Ranks

    context = open_job(Path(document), LineProgress(sys.stderr))
    context.device = device_of(torch.device(first), rank)
    context.ranks = Ranks(rank, size)
    planned = context.plan.by_id(step_id)
    device = find_device(context.device)
    compute_exactly(device)
    print("ready", flush=True)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # NCCL may log there, and nobody reads on
    store = _store(int(port), size, first=False)
    _join(store, device, rank, size)
    KINDS[planned.step.kind].runner()(planned, context, Path(staging))


if __name__ == "__main__":
    main(sys.argv[1:])
