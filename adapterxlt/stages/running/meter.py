"""Measures the cost of a step: seconds, memory, parameters, forward passes."""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

import torch

from adapterxlt.models.clock import Clock
from adapterxlt.results.costs import Measured

_RESET = "5"  # for /proc/PID/clear_refs: resets the peak of memory


class Meter:
    """Measures one step, from where it is made.

    Attributes:
        clock: of the model that the step measures.
        sizes: parameters of the model that it trains, see `Measured`.
    """

    def __init__(self, device: torch.device, resumed: bool) -> None:
        self.clock = Clock()
        self.sizes: dict[str, int] = {}
        self._device = device
        self._resumed = resumed
        self._own_peak = _forget_peak()
        if device.type == "cuda":
            _forget_device_peak(device)
        self._started = time.monotonic()

    def read(self) -> Measured:
        """What the step took until now."""
        on_gpu = self._device.type == "cuda"
        clock = self.clock
        query = clock.seconds / clock.examples if clock.examples else None
        return Measured(
            seconds=round(time.monotonic() - self._started, 3),
            resumed=self._resumed,
            peak_memory=_peak() if self._own_peak else None,
            device=torch.cuda.get_device_name(self._device) if on_gpu else self._device.type,
            device_memory=torch.cuda.max_memory_allocated(self._device) if on_gpu else None,
            queries=clock.examples or None,
            query_seconds=query,
            merged_query_seconds=query * clock.merged if query and clock.merged else None,
            **self.sizes,
        )


def _forget_device_peak(device: torch.device) -> None:
    """Let the peak of a GPU's memory start again, without what earlier steps have left there."""
    torch.cuda.init()  # resetting fails in a process that has not used CUDA yet
    gc.collect()  # a Trainer holds itself, its model and its optimizer
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device)


def _forget_peak() -> bool:
    """Let the process's peak of memory start again; whether that can be done here."""
    try:
        Path("/proc/self/clear_refs").write_text(_RESET)
    except OSError:
        return False
    return sys.platform == "linux"


def _peak() -> int | None:
    """The most bytes that the process has had in memory since."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    lines = (line.split() for line in status.splitlines() if line.startswith("VmHWM:"))
    found = next(lines, None)
    return int(found[1]) * 1024 if found else None
