"""Runs steps in several processes on this machine, which share its cores and GPUs. No torch."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from adapterxlt.devices import AUTO
from adapterxlt.errors import UsageError
from adapterxlt.execution.board import tail
from adapterxlt.execution.executors.executor import PATIENCE, WAITING, Ended, Work
from adapterxlt.execution.executors.options import Options
from adapterxlt.plan.steps import PlannedStep
from adapterxlt.stages.running.context import Context

TRIES = 3  # attempts at a step whose process dies
_SHOWN = 8  # how many lines of a log an error shows
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")


@dataclass
class _Process:
    """A worker process, the step that it works on, and the model that it has loaded."""

    number: int
    popen: subprocess.Popen[str]
    step: PlannedStep | None = None
    model: tuple[str, ...] = ()


class Local:
    """Hands steps to worker processes, which stay for later steps and are replaced when they die.

    A process is started when there is a step for it. If a process dies, its step is tried again
    from its last checkpoint.

    Args:
        jobs: the maximum number of processes.
    """

    name = "local"

    def __init__(self, jobs: int) -> None:
        self.slots = jobs
        self._processes: dict[int, _Process] = {}
        self._said: queue.Queue[tuple[_Process, str | None]] = queue.Queue()
        self._tries: dict[str, int] = {}
        self._gpus: list[str] = []

    def check(self, context: Context) -> None:
        """Check that every process has enough GPUs.

        Everything else is there: its processes have the same Python, machine and disk.
        """
        gpus = _gpus(context.device)
        each = max(1, len(gpus) // self.slots)
        for planned in context.plan.steps:
            devices = planned.step.devices
            if not gpus or devices <= each or planned.status in ("done", "remote"):
                continue
            from adapterxlt.devices import gpu_count

            if not gpu_count():  # CUDA_VISIBLE_DEVICES names none that torch can use
                return
            raise UsageError(
                f"--jobs {self.slots}: `{planned.step.id}` needs {devices} GPUs, and each of "
                f"{self.slots} processes has {each} of {len(gpus)}",
                hint=f"use --jobs {max(1, len(gpus) // devices)}",
            )

    def start(self, work: Work) -> None:
        self._work = work
        self._gpus = _gpus(work.context.device)

    def submit(self, steps: Sequence[PlannedStep]) -> None:
        for planned in steps:
            self._give(planned)

    def wait(self) -> Sequence[Ended]:
        while True:
            process, line = self._said.get()
            planned = process.step
            if planned is None or self._processes.get(process.number) is not process:
                continue  # an idle process has ended; another takes its place when needed
            if line is not None:
                process.step = None
                return [Ended(**json.loads(line))]
            if (failed := self._died(process, planned)) is not None:
                return [failed]

    def stop(self) -> None:
        try:
            self._let_end()
        finally:
            for process in self._processes.values():
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.popen.pid, signal.SIGKILL)
            for process in self._processes.values():
                process.popen.wait()
            self._processes.clear()

    def _let_end(self) -> None:
        """Let trainings write checkpoints, for a while."""
        busy = [process.popen for process in self._processes.values() if process.step]
        if not busy:
            return
        for popen in busy:
            popen.terminate()
        self._work.context.progress.log(WAITING)
        end = time.monotonic() + PATIENCE
        for popen in busy:
            with suppress(subprocess.TimeoutExpired):
                popen.wait(max(0.0, end - time.monotonic()))

    def _give(self, planned: PlannedStep) -> None:
        """Give a step to a free process that has its model loaded, or else to any free process."""
        free = [
            process
            for process in self._processes.values()
            if process.step is None and process.popen.poll() is None
        ]
        inputs = planned.step.inputs
        free.sort(key=lambda process: process.model[:1] != inputs[:1])
        process = free[0] if free else self._new_process()
        process.step, process.model = planned, inputs or (planned.step.id,)
        log = self._work.log(planned.step.id)
        order = {"step": planned.step.id, "log": str(log.absolute())}
        self._work.began(planned.step.id, f"process {process.number + 1}")
        stdin = process.popen.stdin
        assert stdin is not None
        with suppress(BrokenPipeError):  # the process is dead, which `wait` will notice
            stdin.write(json.dumps(order) + "\n")
            stdin.flush()

    def _new_process(self) -> _Process:
        number = next(
            number
            for number in range(self.slots)
            if (there := self._processes.get(number)) is None or there.popen.poll() is not None
        )
        popen = subprocess.Popen(
            [sys.executable, "-m", "adapterxlt.execution.worker", str(self._work.document)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C reaches only this process, which ends them
            env=_environment(os.environ, number, self.slots, self._gpus),
        )
        process = self._processes[number] = _Process(number, popen)
        threading.Thread(target=self._listen, args=[process], daemon=True).start()
        return process

    def _listen(self, process: _Process) -> None:
        assert process.popen.stdout is not None
        for line in process.popen.stdout:
            self._said.put((process, line))
        self._said.put((process, None))

    def _died(self, process: _Process, planned: PlannedStep) -> Ended | None:
        """Try the step again, or say that it failed."""
        step_id, code = planned.step.id, process.popen.wait()
        del self._processes[process.number]
        how = f"was killed ({signal.Signals(-code).name})" if code < 0 else f"ended with {code}"
        self._tries[step_id] = tries = self._tries.get(step_id, 0) + 1
        if tries < TRIES:
            self._work.note(step_id, f"its process {how}; attempt {tries + 1} of {TRIES}")
            self._give(planned)
            return None
        log = self._work.log(step_id)
        lines = "".join(f"\n    {line}" for line in tail(log, _SHOWN))
        return Ended(
            step_id, error=f"its process {how} in {TRIES} attempts\n  {log} ends with:{lines}"
        )


def make(options: Options) -> Local:
    """The executor of processes on this machine, as the registry makes it."""
    return Local(options.jobs)


def _gpus(device: str) -> list[str]:
    """Return the GPUs for processes to share; [] if the device is another or one GPU."""
    if device not in (AUTO, "cuda"):
        return []
    if (visible := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return [number for number in visible.split(",") if number.strip()]
    from adapterxlt.devices import gpu_count

    return [str(number) for number in range(gpu_count())]


def _environment(
    own: Mapping[str, str], number: int, processes: int, gpus: Sequence[str]
) -> dict[str, str]:
    """Return the environment of a process, which sets its threads and GPUs.

    A number of threads that the user has set is kept.
    """
    allowed = getattr(os, "sched_getaffinity", None)  # some systems do not have it
    cores = len(allowed(0)) if allowed else os.cpu_count() or 1
    threads = max(1, cores // processes)
    found = {name: str(threads) for name in _THREADS} | dict(own)
    if "OMP_NUM_THREADS" in own:
        found["MKL_NUM_THREADS"] = own.get("MKL_NUM_THREADS", own["OMP_NUM_THREADS"])
    if gpus:
        share = gpus[number::processes] or [gpus[number % len(gpus)]]
        found["CUDA_VISIBLE_DEVICES"] = ",".join(share)
    return found
