from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from adapterxlt.search import threads


@pytest.fixture
def four():
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("most", "expected"), [(8, 4), (3, 3), (1, 1), (0, 1)])
def test_results_come_in_order_out_of_as_many_threads(four, most, expected):
    meet = threading.Barrier(expected)

    def work(item):
        meet.wait(timeout=600)  # only if so many are at work at once
        return item, torch.get_num_threads()

    found = list(threads.in_threads(work, range(12), most))
    assert [item for item, _ in found] == list(range(12))
    assert {used for _, used in found} == {4 if expected == 1 else 1}
    assert torch.get_num_threads() == 4


def test_what_is_broken_off_is_over(four, monkeypatch):
    begun, called_off = [], threading.Event()

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait=True, *, cancel_futures=False):
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            called_off.set()
            super().shutdown(wait=wait)

    monkeypatch.setattr(threads, "ThreadPoolExecutor", Pool)

    def work(item):
        begun.append(item)
        if item == 3:
            raise KeyError(item)
        if item > 3:
            called_off.wait()  # so none after it is begun before that
        return item

    results = threads.in_threads(work, range(1000), 2)
    assert next(results) == 0
    with pytest.raises(KeyError):
        list(results)
    assert set(begun) <= set(range(6))  # each of two threads had one more in hand
    assert torch.get_num_threads() == 4
