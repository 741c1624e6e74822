from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from adapterxlt.metrics.correlation import pearson, spearman

NUMBERS = st.lists(
    st.tuples(st.integers(-50, 50), st.floats(-1e3, 1e3, width=32)), min_size=2, max_size=30
)


@given(NUMBERS)
def test_equal_those_of_scipy(pairs: list[tuple[int, float]]) -> None:
    gold, predicted = zip(*pairs, strict=True)
    if len(set(gold)) < 2 or np.ptp(predicted) < 1e-3:
        return
    assert pearson(gold, predicted) == pytest.approx(
        100 * stats.pearsonr(gold, predicted).statistic, abs=1e-6
    )
    assert spearman(gold, predicted) == pytest.approx(
        100 * stats.spearmanr(gold, predicted).statistic, abs=1e-6
    )


def test_order_and_size() -> None:
    assert pearson([1, 2, 3], [10, 20, 30]) == pytest.approx(100.0)
    assert spearman([1, 2, 3], [9, 4, 1]) == pytest.approx(-100.0)
    assert pearson([1e-200, 2e-200, 3e-200], [1e200, 2e200, 3e200]) == pytest.approx(100.0)


def test_one_number_throughout_goes_with_nothing() -> None:
    assert pearson([1, 2], [3, 3]) == spearman([0, 0], [1, 2]) == 0.0
    with pytest.raises(ValueError, match="2 gold numbers, but 1 predictions"):
        pearson([1, 2], [1])
    with pytest.raises(ValueError, match="no numbers to score"):
        spearman([], [])
