"""Measures how long a model computes; reading and decoding do not count."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch


@dataclass
class Clock:
    """Seconds of forward passes, and the number of examples they processed.

    Args:
        merged: time of a LoRA that is merged into the weights, relative to its time as an adapter.
    """

    seconds: float = 0.0
    examples: int = 0
    merged: float | None = None

    @contextmanager
    def running(self, device: torch.device) -> Iterator[None]:
        """Count the time of what runs inside, until a GPU has finished its work too."""
        if device.type == "cuda":
            torch.cuda.synchronize(device)  # what it was given before does not count
        started = time.perf_counter()
        yield
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        self.seconds += time.perf_counter() - started
