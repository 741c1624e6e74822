"""Lists searched by matrix products, against sorting what the lists hold."""

from __future__ import annotations

import faiss
import numpy as np
import pytest

from adapterxlt.search import lists
from adapterxlt.search.clusters import centroids, probes_for
from adapterxlt.search.lists import SLOPE, Effort, choose_effort, search_lists

EVERYTHING = Effort(first=np.inf)


def built(vectors, nlist, kind="flat"):
    dim, metric = vectors.shape[1], faiss.METRIC_INNER_PRODUCT
    quantizer = faiss.IndexFlatIP(dim)
    if kind == "flat":
        index = faiss.IndexIVFFlat(quantizer, dim, nlist, metric)
    else:
        bits = faiss.ScalarQuantizer.QT_8bit
        index = faiss.IndexIVFScalarQuantizer(quantizer, dim, nlist, bits, metric, False)
    index.train(vectors)
    index.add(vectors)
    return index


def search(index, queries, k, effort, known=-np.inf):
    return search_lists(index, queries, k, effort, np.full(len(queries), known, np.float32))


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(30, 16))
    spread = centres[rng.integers(30, size=2000)] + 0.4 * rng.normal(size=(2000, 16))
    return (spread / np.linalg.norm(spread, axis=1, keepdims=True)).astype(np.float32)


def test_all_lists_hold_all_neighbours(vectors):
    queries = vectors[::3] + np.float32(0.01)
    scores, ids = search(built(vectors, 40), queries, 5, EVERYTHING)
    products = queries @ vectors.T
    assert np.array_equal(ids, np.argsort(-products, axis=1, kind="stable")[:, :5])
    np.testing.assert_allclose(scores, np.take_along_axis(products, ids, axis=1), atol=1e-6)


def test_vectors_of_8_bits_give_nearly_the_products(vectors):
    queries = vectors[::3] + np.float32(0.01)
    scores, ids = search(built(vectors, 40, "8 bits"), queries, 5, EVERYTHING)
    products = queries @ vectors.T
    np.testing.assert_allclose(scores, np.take_along_axis(products, ids, axis=1), atol=0.02)
    nearest = products.argmax(axis=1)
    assert np.mean((ids == nearest[:, None]).any(axis=1)) > 0.999


@pytest.mark.parametrize("known", [-np.inf, 0.97])
def test_the_lists_that_the_effort_names_are_looked_into_and_no_other(vectors, known):
    index = built(vectors, 40)
    queries = vectors[::7] + np.float32(0.01)
    effort = Effort(first=0.05, slack=-0.1)
    _, ids = search(index, queries, 2000, effort, known)
    near, products = queries @ centroids(index).T, queries @ vectors.T
    home = index.quantizer.search(vectors, 1)[1][:, 0]
    for row, found in enumerate(ids):
        begin = near[row] >= near[row].max() - 0.05
        reached = max(products[row][begin[home]].max(), known)
        looked = begin | (near[row] >= SLOPE * reached + 0.1)
        assert set(found[found >= 0]) == set(np.flatnonzero(looked[home]))


def test_ties_go_to_the_lower_id_whatever_list_it_is_in():
    # Four points, each many times over: all copies of a point score the same.
    points = np.array([[1, 0], [0, 1], [1, 1], [-1, 0]], np.float32)
    vectors = points[np.arange(200) % 4]
    scores, ids = search(built(vectors, 4), points[:2], 3, EVERYTHING)
    # (1, 1) ties with (1, 0) for the first query, and with (0, 1) for the second.
    assert ids.tolist() == [[0, 2, 4], [1, 2, 5]]
    assert scores.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_fewer_than_wanted_are_filled_up(vectors):
    scores, ids = search(built(vectors[:50], 10), vectors[:1], 50, Effort())
    size = int((ids >= 0).sum())
    assert 1 <= size < 50
    assert (ids[0, size:] == -1).all()
    assert (scores[0, size:] == -np.inf).all()


@pytest.fixture
def hard(vectors, monkeypatch):
    monkeypatch.setattr(lists, "FIRST", 1)
    rng = np.random.default_rng(1)
    queries = (vectors + 0.3 * rng.normal(size=vectors.shape)).astype(np.float32)
    return queries, (queries @ vectors.T).argmax(axis=1)


def test_as_many_lists_as_the_share_asks_for(vectors, hard):
    index, (queries, nearest) = built(vectors, 40), hard
    unknown = np.full(len(queries), -np.inf, np.float32)
    looked = []
    for share in (0.95, 0.99, 1.0):
        effort, part = choose_effort(index, queries, unknown, vectors[nearest], share)
        found = np.mean(search(index, queries, 1, effort)[1][:, 0] == nearest)
        assert share <= found <= share + 0.003
        looked.append(part)
        assert effort.nprobe == round(40 * part)
    assert looked[0] < looked[1] < looked[2] < 1


def test_what_is_known_saves_lists(vectors, hard):
    index, (queries, nearest) = built(vectors, 40), hard
    known = np.full(len(queries), -np.inf, np.float32)
    _, without = choose_effort(index, queries, known, vectors[nearest], 0.99)
    known[::2] = (queries * vectors[nearest]).sum(axis=1)[::2]
    _, saved = choose_effort(index, queries, known, vectors[nearest], 0.99)
    assert saved < without


def test_equally_many_lists_for_all_as_faiss_has_it(vectors, hard):
    index, (queries, nearest) = built(vectors, 40), hard
    for share in (0.5, 0.9, 1.0):
        index.nprobe = probes_for(index, queries, vectors[nearest], share)
        found = np.mean(index.search(queries, 1)[1][:, 0] == nearest)
        index.nprobe -= 1
        fewer = np.mean(index.search(queries, 1)[1][:, 0] == nearest) if index.nprobe else 0
        assert found >= share > fewer
