from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.search.alike import alike, alike_rows, spread
from adapterxlt.search.rows import ArrayRows


@given(st.lists(st.binary(max_size=2), min_size=1, max_size=30))
def test_each_item_is_counted_as_it_first_comes(items):
    first, number = alike(items)
    known = list(dict.fromkeys(items))
    assert [items[place] for place in first] == known
    assert number.tolist() == [known.index(item) for item in items]


def test_both_zeros_are_equal():
    rows = ArrayRows(np.array([[0.0, 1], [-0.0, 1], [1, 0]], np.float32))
    assert alike_rows(rows)[1].tolist() == [0, 0, 1]


def test_neighbours_among_all_by_score_then_row():
    found = (np.array([[0.9, 0.5], [0.7, 0.7]], np.float32), np.array([[1, 0], [0, 1]]))
    scores, ids = spread(found, np.array([0, 1, 0]), np.array([0, 1, 1, 0, 0]), 3)
    assert ids.tolist() == [[1, 2, 0], [0, 1, 2], [1, 2, 0]]
    assert scores[0].tolist() == scores[2].tolist() == np.float32([0.9, 0.9, 0.5]).tolist()
    none = (np.array([[0.9, -np.inf]], np.float32), np.array([[1, -1]]))
    scores, ids = spread(none, np.array([0]), np.array([0, 1]), 2)
    assert ids.tolist() == [[1, -1]]
    assert scores[0, 1] == -np.inf
