"""What FAISS is asked to do where it has GPUs.

faiss-cpu has none: a stand-in records the calls and searches on the CPU. That the calls are right
is all that can be seen so, not that they are fast, nor that a GPU answers them.
"""

from __future__ import annotations

from types import SimpleNamespace

import faiss
import numpy as np
import pytest

from adapterxlt.devices import gpu_numbers
from adapterxlt.search import approximate
from adapterxlt.search.exact import exact_neighbours
from adapterxlt.search.neighbours import find_neighbours
from adapterxlt.search.rows import ArrayRows


class Replicas:
    """Copies of an index on several GPUs: they have no `nprobe` of their own."""

    def __init__(self, index):
        self.index = index

    def search(self, queries, k):
        assert k <= 2048
        return self.index.search(queries, k)


class Sent(list):
    """What was sent; `numbers` are those of the GPUs that it was sent to."""


@pytest.fixture
def sent(monkeypatch):
    """Two GPUs; gives what was sent to them and the effort that was set."""
    calls = Sent()
    calls.numbers = []

    def to_gpus(index, co=None, gpus=None):
        # Its tables would not fit into the shared memory of a GPU otherwise.
        assert getattr(co, "useFloat16", False) == isinstance(index, faiss.IndexIVFPQ)
        calls.append((type(index).__name__, index.ntotal))
        calls.numbers.append(gpus)
        return Replicas(index)

    class GpuParameterSpace:
        def set_index_parameter(self, replicas, name, value):
            calls.append((name, value))
            setattr(replicas.index, name, value)

    monkeypatch.setattr(faiss, "GpuMultipleClonerOptions", SimpleNamespace, raising=False)
    monkeypatch.setattr(faiss, "get_num_gpus", lambda: 2, raising=False)
    monkeypatch.setattr(faiss, "index_cpu_to_gpus_list", to_gpus, raising=False)
    monkeypatch.setattr(faiss, "GpuParameterSpace", GpuParameterSpace, raising=False)
    return calls


@pytest.fixture
def sides():
    rng = np.random.default_rng(0)
    left = rng.normal(size=(300, 8)).astype(np.float32)
    return ArrayRows(left), ArrayRows((left + 0.01).astype(np.float32)[::-1])


def test_the_exact_search_runs_there_too(sent, sides):
    found = find_neighbours(*sides, 3, index="flat")
    assert sent == [("IndexFlatIP", 300), ("IndexFlatIP", 300)]
    assert (found.report.index, found.report.recall_1) == ("flat", 1.0)
    assert found.report.why == "asked for, on 2 GPUs"
    expected = exact_neighbours(*sides, 3)
    assert np.array_equal(found.forward[1], expected[0][1])
    assert np.array_equal(found.backward[1], expected[1][1])


@pytest.mark.parametrize("name", ["ivf-flat", "ivf-sq8", "ivf-pq"])
def test_inverted_lists_are_sent_and_told_their_effort(sent, sides, name, monkeypatch):
    monkeypatch.setattr(approximate, "GPU_LIMIT", 5)
    found = find_neighbours(*sides, 2, index=name)
    kinds = [what for what, _ in sent if what.startswith("Index")]
    assert len(kinds) >= 2
    assert all("IVF" in kind for kind in kinds)
    efforts = [value for what, value in sent if what == "nprobe"]
    assert efforts
    assert max(efforts) <= 5
    assert found.report.recall_1 > 0


@pytest.mark.parametrize(
    ("device", "numbers"),
    [(None, [0, 1]), ("auto", [0, 1]), ("cuda", [0]), ("cuda:1", [1]), ("cpu", []), ("mps", [])],
)
@pytest.mark.parametrize("index", ["flat", "ivf-flat"])
def test_only_the_gpus_of_the_device_are_used(sent, sides, device, numbers, index):
    found = find_neighbours(*sides, 2, index=index, gpus=gpu_numbers(device))
    assert found.report.recall_1 > 0
    assert all(used == numbers for used in sent.numbers)
    assert bool(sent.numbers) == bool(sent) == bool(numbers)


def test_graphs_stay_on_the_cpu(sent, sides):
    assert find_neighbours(*sides, 2, index="hnsw").report.recall_1 > 0.95
    assert sent == []
