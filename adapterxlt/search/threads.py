"""Work in several threads, block by block, without threads within a block."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


def in_threads(work: Callable[[In], Out], items: Iterable[In], most: int) -> Iterator[Out]:
    """Yield what `work` returns for each item, in the order of the items.

    Threads that share one small product mostly wait for each other. So there are as many threads
    here as torch has (OMP_NUM_THREADS), and within each of them torch uses only one.

    Args:
        work: a function that spends most of its time in numpy and torch. Calls run at the same
            time, so they must not write to the same data.
        items: the arguments of the calls.
        most: number of threads at most.
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
