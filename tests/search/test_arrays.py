from __future__ import annotations

import numpy as np
import pytest

from adapterxlt.errors import AdapterXLTError
from adapterxlt.search.arrays import check_vectors, normalise


def test_bad_vectors_are_refused_with_the_reason():
    good = np.ones((2, 3), np.float32)
    with pytest.raises(AdapterXLTError, match=r"queries have shape \(0, 3\)"):
        check_vectors(good[:0], "queries")
    for value in (np.nan, np.inf):
        bad = good.copy()
        bad[1, 2] = value
        with pytest.raises(AdapterXLTError, match=r"1 of 2 vectors .*base, first in row 2"):
            check_vectors(bad, "base")


def test_normalise_keeps_zero_vectors():
    vectors = normalise(np.array([[3.0, 4.0], [0.0, 0.0]], np.float32))
    assert vectors == pytest.approx(np.array([[0.6, 0.8], [0.0, 0.0]]))
    assert vectors.dtype == np.float32
