from __future__ import annotations

import faiss
import numpy as np
import pytest
import torch

from adapterxlt.errors import UsageError
from adapterxlt.progress import Silent
from adapterxlt.search import approximate, exact, kept, neighbours, tuning
from adapterxlt.search.exact import exact_neighbours
from adapterxlt.search.kept import Kept
from adapterxlt.search.neighbours import find_neighbours
from adapterxlt.search.rows import ArrayRows


def clustered(n, seed):
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(0).normal(size=(20, 16))
    vectors = centres[rng.integers(20, size=n)] + 0.4 * rng.normal(size=(n, 16))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="module")
def sides():
    source = clustered(900, 1)
    noise = 0.02 * np.random.default_rng(2).normal(size=source.shape)
    return ArrayRows(source), ArrayRows((source + noise).astype(np.float32)[::-1])


@pytest.mark.parametrize("name", ["flat", "auto", "ivf-flat", "ivf-sq8", "ivf-pq", "hnsw"])
def test_every_index_finds_nearly_all_and_says_how_many(sides, name, monkeypatch):
    monkeypatch.setattr(tuning, "SAMPLE", 512)
    exact = exact_neighbours(*sides, 3)
    found = find_neighbours(*sides, 3, index=name)
    report = found.report
    assert report.index == ("flat" if name == "auto" else name)
    for mine, true in ((found.forward, exact[0]), (found.backward, exact[1])):
        share = float(np.mean(mine[1][:, 0] == true[1][:, 0]))
        assert share >= (0.9 if name == "ivf-pq" else 0.98)
        assert (np.diff(mine[0], axis=1) <= 0).all()
        if name != "ivf-pq":
            same = mine[1] == true[1]
            np.testing.assert_allclose(mine[0][same], true[0][same], atol=1e-5)
    exact_index = report.index == "flat"
    assert report.sample == (0 if exact_index else 1024)
    assert 0.9 <= report.recall_1 <= 1
    assert 0.8 <= report.recall_k <= 1


def test_recall_is_that_of_the_sample(sides, monkeypatch):
    monkeypatch.setattr(tuning, "SAMPLE", 900)
    found = find_neighbours(*sides, 3, index="ivf-pq")
    exact = exact_neighbours(*sides, 3)
    shares = [
        np.mean(mine[1][:, 0] == true[1][:, 0])
        for mine, true in ((found.forward, exact[0]), (found.backward, exact[1]))
    ]
    assert found.report.recall_1 == pytest.approx(min(shares))


def test_auto_searches_large_sides_by_clusters_in_parts_that_fit(sides, monkeypatch):
    monkeypatch.setattr(neighbours, "EXACT_WORK", 1.0)
    monkeypatch.setattr(neighbours, "SMALL", 1)
    monkeypatch.setattr(tuning, "MOST_LISTS", 1.0)
    monkeypatch.setattr(approximate, "ADDED", 100)
    # Room for 300 vectors of 16 bytes and an id.
    report = find_neighbours(*sides, 3, index="auto", memory=300 * 24).report
    assert (report.index, report.shards) == ("ivf-sq8", 3)
    assert report.recall_1 >= 0.99
    report = find_neighbours(*sides, 3, index="auto", memory=100 * 24).report
    assert (report.index, report.shards) == ("ivf-pq", 9)


@pytest.mark.parametrize("name", ["ivf-flat", "ivf-sq8"])
def test_parts_find_what_is_to_be_found(sides, monkeypatch, name):
    monkeypatch.setattr(approximate, "ADDED", 100)
    exact = exact_neighbours(*sides, 3)
    size = approximate.KINDS[name].bytes_a_vector(16)
    found = find_neighbours(*sides, 3, index=name, memory=300 * size)
    assert found.report.shards == 3
    for ours, true in ((found.forward, exact[0]), (found.backward, exact[1])):
        assert np.mean(ours[1][:, 0] == true[1][:, 0]) >= 0.99
        assert all(len(set(row)) == 3 for row in ours[1].tolist())  # nothing twice


def test_whoever_found_a_sentence_is_known_to_it():
    scores = np.array([[0.9, 0.5], [0.8, 0.7], [0.9, -np.inf]], np.float32)
    ids = np.array([[1, 0], [1, 3], [1, -1]])
    turned = neighbours._turned((scores, ids), 4, 2)
    assert turned[1].tolist() == [[0, -1], [0, 2], [-1, -1], [1, -1]]
    assert turned[0][:, 0].tolist() == pytest.approx([0.5, 0.9, -np.inf, 0.7])


def test_auto_gives_up_on_vectors_without_clusters(monkeypatch):
    monkeypatch.setattr(neighbours, "EXACT_WORK", 1.0)
    monkeypatch.setattr(neighbours, "SMALL", 1)
    rng = np.random.default_rng(0)
    left, right = (ArrayRows(rng.normal(size=(2000, 64)).astype(np.float32)) for _ in range(2))
    report = find_neighbours(left, right, 2, index="auto").report
    assert report.index == "flat"
    assert "99% recall" in report.why


@pytest.mark.parametrize("name", ["ivf-flat", "ivf-sq8", "ivf-pq", "hnsw"])
def test_several_threads_give_the_same_bytes(sides, name, monkeypatch):
    monkeypatch.setattr(approximate, "PRODUCTS", 1)
    monkeypatch.setattr(approximate, "AT_LEAST", 64)
    threads = faiss.omp_get_max_threads(), torch.get_num_threads()
    faiss.omp_set_num_threads(4)
    torch.set_num_threads(4)
    try:
        first, second = (find_neighbours(*sides, 3, index=name) for _ in range(2))
        assert torch.get_num_threads() == 4
    finally:
        faiss.omp_set_num_threads(threads[0])
        torch.set_num_threads(threads[1])
    assert first.report == second.report
    assert first.forward[1].tobytes() == second.forward[1].tobytes()
    assert first.backward[0].tobytes() == second.backward[0].tobytes()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", ["ivf-flat", "ivf-sq8", "ivf-pq", "hnsw"])
def test_fewer_vectors_than_neighbours_clusters_or_codes(name):
    few = ArrayRows(np.eye(3, dtype=np.float32))
    found = find_neighbours(few, few, 10, index=name)
    assert found.forward[1].tolist() == [[0, 1, 2], [1, 0, 2], [2, 0, 1]]
    # One vector, in one of seven lists: everyone's nearest.
    one, many = ArrayRows(clustered(1, 3)), ArrayRows(clustered(300, 4))
    found = find_neighbours(one, many, 2, index=name)
    assert found.report.recall_1 == 1
    assert not found.backward[1].any()


class Broken(Silent):
    """Breaks off the search after `stop` sentences; counts what there was to do."""

    def __init__(self, stop=None):
        self.stop, self.done = stop, 0

    def bar(self, description, total, *, done=0, unit="it"):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def advance(self, amount=1, note=""):
        self.done += amount
        if self.stop is not None and self.done >= self.stop:
            raise KeyboardInterrupt


# 900 queries in blocks of 128; three parts an index, so that each direction has 2700 to do.
@pytest.mark.parametrize(
    ("name", "stop", "left"),
    [("flat", 500, 388), ("ivf-flat", 1200, 2 * 2700 - 1284), ("ivf-flat", 3000, 5400 - 3084)],
)
def test_a_broken_search_goes_on_to_the_same_bytes(sides, tmp_path, monkeypatch, name, stop, left):
    for module, constant, value in (
        (kept, "EVERY", 0.0), (exact, "ROWS", 64), (exact, "SUPER", 128),
        (approximate, "QUERIES", 128), (approximate, "AT_LEAST", 128), (approximate, "ADDED", 100),
        (approximate, "PRODUCTS", 1),
    ):  # fmt: skip
        monkeypatch.setattr(module, constant, value)
    settings = {"index": name, "memory": 300 * 72}
    whole = find_neighbours(*sides, 3, **settings)
    with pytest.raises(KeyboardInterrupt):
        find_neighbours(*sides, 3, progress=Broken(stop), kept=Kept(tmp_path), **settings)
    rest = Broken()
    found = find_neighbours(*sides, 3, progress=rest, kept=Kept(tmp_path), **settings)
    assert rest.done == left
    assert found.report == whole.report
    for ours, theirs in ((found.forward, whole.forward), (found.backward, whole.backward)):
        assert ours[0].tobytes() == theirs[0].tobytes()
        assert ours[1].tobytes() == theirs[1].tobytes()


def test_that_auto_gave_up_is_kept_too(tmp_path, monkeypatch):
    monkeypatch.setattr(neighbours, "EXACT_WORK", 1.0)
    monkeypatch.setattr(neighbours, "SMALL", 1)
    vectors = np.random.default_rng(0).normal(size=(2000, 64)).astype(np.float32)
    side = ArrayRows(vectors)
    first = find_neighbours(side, side, 2, index="auto", kept=Kept(tmp_path))
    monkeypatch.setattr(tuning, "_raise_effort", lambda *_, **__: pytest.fail("tuned again"))
    again = find_neighbours(side, side, 2, index="auto", kept=Kept(tmp_path))
    assert again.report == first.report
    assert np.array_equal(again.forward[1], first.forward[1])


def test_unknown_index():
    one = ArrayRows(np.ones((1, 2), np.float32))
    with pytest.raises(UsageError, match="unknown index `ivf`"):
        find_neighbours(one, one, 1, index="ivf")
