from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.errors import AdapterXLTError
from adapterxlt.retrieval import index
from adapterxlt.retrieval.index import normalise, search

ROWS = st.lists(st.lists(st.integers(-2, 2), min_size=2, max_size=2), min_size=1, max_size=40)


@given(ROWS, ROWS, st.integers(1, 50))
def test_search_equals_sorting_all_by_score_then_id(queries, base, k):
    q, b = np.array(queries, np.float32), np.array(base, np.float32)
    scores, ids = search(q, b, k)
    k = min(k, len(b))
    assert scores.shape == ids.shape == (len(q), k)
    assert (scores.dtype, ids.dtype) == (np.float32, np.int64)
    for row in range(len(q)):
        ranked = sorted(range(len(b)), key=lambda i: (-float(q[row] @ b[i]), i))[:k]
        assert ids[row].tolist() == ranked
        assert scores[row].tolist() == [float(q[row] @ b[i]) for i in ranked]


def test_more_queries_than_a_block(monkeypatch):
    rng = np.random.default_rng(0)
    q, b = (rng.integers(-3, 4, (n, 5)).astype(np.float32) for n in (250, 60))
    whole = search(q, b, 3)
    monkeypatch.setattr(index, "QUERY_BLOCK", 32)
    blocks = search(q, b, 3)
    assert np.array_equal(whole[0], blocks[0])
    assert np.array_equal(whole[1], blocks[1])


def test_long_ties_end_with_the_lowest_ids():
    scores, ids = search(np.ones((3, 4), np.float32), np.ones((500, 4), np.float32), 4)
    assert ids.tolist() == [[0, 1, 2, 3]] * 3
    assert scores.tolist() == [[4.0] * 4] * 3


@pytest.mark.parametrize("queries", [1, 30])
@pytest.mark.parametrize("k", [50, 99, 150])
def test_many_neighbours_with_ties_at_the_last_place(queries, k):
    # FAISS alone keeps any of the tied ones when it collects about a hundred or more.
    rng = np.random.default_rng(7)
    q, b = (rng.integers(-1, 2, (n, 2)).astype(np.float32) for n in (queries, 300))
    _, ids = search(q, b, k)
    everyone = np.broadcast_to(np.arange(300), (queries, 300))
    assert np.array_equal(ids, np.lexsort((everyone, -(q @ b.T)), axis=1)[:, :k])


def test_the_same_input_gives_the_same_bytes():
    rng = np.random.default_rng(1)
    q, b = (rng.normal(size=(n, 48)).astype(np.float32) for n in (1500, 700))
    first, second = search(q, b, 5), search(q, b, 5)
    assert first[0].tobytes() == second[0].tobytes()
    assert first[1].tobytes() == second[1].tobytes()


def test_bad_vectors_are_refused_with_the_reason():
    good = np.ones((2, 3), np.float32)
    with pytest.raises(AdapterXLTError, match="query vectors have 3 dimensions, base vectors 4"):
        search(good, np.ones((2, 4), np.float32), 1)
    with pytest.raises(AdapterXLTError, match=r"queries have shape \(0, 3\)"):
        search(good[:0], good, 1)
    for value in (np.nan, np.inf):
        bad = good.copy()
        bad[1, 2] = value
        with pytest.raises(AdapterXLTError, match=r"1 of 2 vectors .*base, first at row 1"):
            search(good, bad, 1)
    with pytest.raises(ValueError, match="k must be at least 1"):
        search(good, good, 0)


def test_normalise_keeps_zero_vectors():
    vectors = normalise(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32))
    assert vectors == pytest.approx(np.array([[0.6, 0.8], [0.0, 0.0]]))
    assert vectors.dtype == np.float32
