"""Work in several threads, block by block, without threads within a block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


def in_threads(work: Callable[[In], Out], items: Iterable[In], most: int) -> Iterator[Out]:
    """What `work` gives for each item, in their order.

    Libraries that share one small product among threads mostly wait for each other. So torch works
    with one thread in each of ours, and there are as many of ours as torch has (OMP_NUM_THREADS).

    Args:
        work: that leaves most of its time to numpy and torch; blocks must not touch one another.
        items: its arguments.
        most: threads at most.
    """
    import torch

    threads = torch.get_num_threads()
    if min(threads, most) <= 1:
        yield from map(work, items)
        return
    pool = ThreadPoolExecutor(min(threads, most), initializer=lambda: torch.set_num_threads(1))
    try:
        yield from pool.map(work, items)
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)
