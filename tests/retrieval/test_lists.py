"""Lists searched by matrix products against FAISS's own search, and against sorting."""

from __future__ import annotations

import faiss
import numpy as np
import pytest

from adapterxlt.retrieval.lists import probes_for, search_lists


def built(vectors, nlist):
    dim = vectors.shape[1]
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dim), dim, nlist, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(vectors)
    return index


@pytest.fixture(scope="module")
def vectors():
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(30, 16))
    spread = centres[rng.integers(30, size=2000)] + 0.4 * rng.normal(size=(2000, 16))
    return (spread / np.linalg.norm(spread, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("nprobe", [1, 4, 40])
def test_what_faiss_itself_finds(vectors, nprobe):
    index = built(vectors, 40)
    index.nprobe = nprobe
    queries = vectors[::3] + np.float32(0.01)
    scores, ids = search_lists(index, queries, 5)
    their_scores, their_ids = index.search(queries, 5)
    assert np.array_equal(ids, their_ids)
    np.testing.assert_allclose(scores[ids >= 0], their_scores[ids >= 0], atol=1e-6)
    assert (scores[ids < 0] == -np.inf).all()


def test_ties_go_to_the_lower_id_whatever_list_it_is_in():
    # Four points, each many times over: all copies of a point score the same.
    points = np.array([[1, 0], [0, 1], [1, 1], [-1, 0]], np.float32)
    vectors = points[np.arange(200) % 4]
    index = built(vectors, 4)
    index.nprobe = 4
    scores, ids = search_lists(index, points[:2], 3)
    # (1, 1) ties with (1, 0) for the first query, and with (0, 1) for the second.
    assert ids.tolist() == [[0, 2, 4], [1, 2, 5]]
    assert scores.tolist() == [[1, 1, 1], [1, 1, 1]]


def test_fewer_than_wanted_are_filled_up(vectors):
    index = built(vectors[:50], 10)
    index.nprobe = 1
    scores, ids = search_lists(index, vectors[:1], 50)
    size = int((ids >= 0).sum())
    assert 1 <= size < 50
    assert (ids[0, size:] == -1).all()
    assert (scores[0, size:] == -np.inf).all()


def test_as_many_lists_as_the_share_asks_for(vectors):
    index = built(vectors, 40)
    rng = np.random.default_rng(1)
    queries = (vectors + 0.3 * rng.normal(size=vectors.shape)).astype(np.float32)
    nearest = (queries @ vectors.T).argmax(axis=1)
    for share in (0.5, 0.9, 1.0):
        index.nprobe = probes_for(index, queries, vectors[nearest], share)
        found = np.mean(search_lists(index, queries, 1)[1][:, 0] == nearest)
        index.nprobe -= 1
        fewer = np.mean(search_lists(index, queries, 1)[1][:, 0] == nearest) if index.nprobe else 0
        assert found >= share > fewer
