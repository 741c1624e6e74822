"""Measures how long a model computes, without reading and decoding."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch


@dataclass
class Clock:
    """Seconds of forward passes, and the examples that they were for.

    Args:
        merged: of a LoRA, the time with it merged into the weights, relative to that without.
    """

    seconds: float = 0.0
    examples: int = 0
    merged: float | None = None

    @contextmanager
    def running(self, device: torch.device) -> Iterator[None]:
        """Count what is done inside, that of a GPU until it has ended."""
        started = time.perf_counter()
        yield
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        self.seconds += time.perf_counter() - started
