from __future__ import annotations

import threading
import time

import pytest
import torch

from adapterxlt.retrieval.threads import in_threads


@pytest.fixture
def four():
    threads = torch.get_num_threads()
    torch.set_num_threads(4)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(("most", "expected"), [(8, 4), (3, 3), (1, 1), (0, 1)])
def test_results_come_in_order_out_of_as_many_threads(four, most, expected):
    meet = threading.Barrier(expected)

    def work(item):
        meet.wait(timeout=20)  # only if so many are at work at once
        return item, torch.get_num_threads()

    found = list(in_threads(work, range(12), most))
    assert [item for item, _ in found] == list(range(12))
    assert {threads for _, threads in found} == {4 if expected == 1 else 1}
    assert torch.get_num_threads() == 4


def test_what_is_broken_off_is_over(four):
    begun = []

    def work(item):
        begun.append(item)
        if item == 3:
            raise KeyError(item)
        time.sleep(0.01)  # all of them would take five seconds: far longer than calling them off
        return item

    results = in_threads(work, range(1000), 2)
    assert next(results) == 0
    with pytest.raises(KeyError):
        list(results)
    assert len(begun) < 1000
    assert torch.get_num_threads() == 4
