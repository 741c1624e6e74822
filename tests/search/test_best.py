"""The best of what is offered, against sorting all of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.search.best import Best

# Equal ones, both zeros, neighbouring floats, the smallest and the largest among them.
SCORES = st.sampled_from(
    [0.0, -0.0, 1.0, np.nextafter(np.float32(1), np.float32(2)), -1.0, -1e-45, 1e-45, 3e38, -3e38]
)
CANDIDATES = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 60)), SCORES, min_size=1, max_size=90
)


def sorted_best(candidates, n, k):
    scores, ids = np.full((n, k), -np.inf, np.float32), np.full((n, k), -1)
    for row in range(n):
        found = sorted((-score, i) for (r, i), score in candidates.items() if r == row)[:k]
        for place, (negative, i) in enumerate(found):
            scores[row, place], ids[row, place] = -negative, i
    return scores, ids


@given(CANDIDATES, st.integers(1, 12), st.integers(1, 90), st.randoms())
def test_candidates_in_any_order_and_any_parts_end_as_sorted(candidates, k, part, random):
    best = Best(4, k)
    mixed = list(candidates)
    random.shuffle(mixed)
    for start in range(0, len(mixed), part):
        pairs = mixed[start : start + part]
        rows, ids = np.array(pairs).T
        best.add(rows, ids, np.array([candidates[pair] for pair in pairs], np.float32))
    scores, ids = sorted_best(candidates, 4, k)
    assert np.array_equal(best.ids, ids)
    assert np.array_equal(best.scores, scores)


def test_ids_up_to_two_billion():
    best = Best(1, 2)
    largest = 2**31 - 1
    best.add(np.zeros(3, np.int64), np.array([largest, 5, largest - 1]), np.ones(3, np.float32))
    assert best.ids.tolist() == [[5, largest - 1]]
    best = Best(1, 2)
    best.add(np.zeros(1, np.int64), np.array([largest]), np.ones(1, np.float32))
    assert best.ids.tolist() == [[largest, -1]]
    assert best.scores.tolist() == [[1.0, -np.inf]]


@pytest.mark.parametrize("side", [64, 7])
@pytest.mark.parametrize("turned", [False, True])
def test_blocks_as_they_lie_or_turned_give_the_same(side, turned):
    rng = np.random.default_rng(3)
    products = rng.integers(-9, 10, (50, 400)).astype(np.float32)
    best = Best(50, 5)
    for column in range(0, 400, side):
        block = products[:, column : column + side]
        best.look(np.asfortranarray(block) if turned else np.ascontiguousarray(block), 0, column)
    expected = np.lexsort((np.broadcast_to(np.arange(400), products.shape), -products))[:, :5]
    assert np.array_equal(best.ids, expected)
    assert np.array_equal(best.scores, np.take_along_axis(products, expected, axis=1))
