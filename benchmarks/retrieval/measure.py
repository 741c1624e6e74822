"""Ways that take turns within one process, their times, and the machine they were taken on."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def machine(threads: int) -> str:
    """The processor, its cores, threads used and how busy it is with other work."""
    name = platform.processor() or platform.machine()
    load = os.getloadavg()[0]
    return f"{name}, {os.cpu_count()} cores, {threads} threads, load {load:.1f}"


class Times:
    """Seconds of every round of several ways."""

    def __init__(self) -> None:
        self.wall: dict[str, list[float]] = defaultdict(list)
        self.cpu: dict[str, list[float]] = defaultdict(list)

    def run(self, name: str, way: Callable[[], T]) -> T:
        """Run a way once and count it."""
        start, busy = time.perf_counter(), time.process_time()
        result = way()
        self.cpu[name].append(time.process_time() - busy)
        self.wall[name].append(time.perf_counter() - start)
        return result

    def show(self) -> None:
        """Print the median of each way."""
        for name in self.wall:
            wall, cpu = (statistics.median(times[name]) for times in (self.wall, self.cpu))
            print(f"{name:40} {wall:9.2f} s wall {cpu:9.2f} s CPU")

    def ratio(self, over: str, under: str, aim: str, scale: float = 1.0) -> None:
        """Print the median of the ratios within a round, of wall and of CPU time.

        Args:
            over: the way above the line.
            under: the one below it.
            aim: what is wanted of the ratio.
            scale: what the time of `over` is multiplied with first.
        """
        wall, cpu = (
            statistics.median(scale * a / b for a, b in zip(times[over], times[under], strict=True))
            for times in (self.wall, self.cpu)
        )
        print(f"{over} / {under}: {wall:.2f} wall, {cpu:.2f} CPU (aim: {aim})")
