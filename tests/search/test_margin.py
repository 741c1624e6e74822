from __future__ import annotations

import numpy as np
import pytest

from adapterxlt.search.margin import margin_scores

COSINES = np.array([[0.9, 0.5], [0.4, 0.2]], dtype=np.float32)
IDS = np.array([[1, 0], [2, 1]])
OWN = np.array([0.7, 0.3])
OTHER = np.array([0.1, 0.5, 0.3])


@pytest.mark.parametrize(
    ("margin", "expected"),
    [
        ("absolute", [[0.9, 0.5], [0.4, 0.2]]),
        ("ratio", [[0.9 / 0.6, 0.5 / 0.4], [0.4 / 0.3, 0.2 / 0.4]]),
        ("distance", [[0.9 - 0.6, 0.5 - 0.4], [0.4 - 0.3, 0.2 - 0.4]]),
    ],
)
def test_margins_by_hand(margin, expected):
    scores = margin_scores(COSINES, IDS, OWN, OTHER, margin)
    assert scores == pytest.approx(np.array(expected), abs=1e-7)


def test_a_ratio_to_nothing_is_zero():
    scores = margin_scores(
        np.zeros((1, 1), np.float32), np.array([[0]]), np.zeros(1), np.zeros(1), "ratio"
    )
    assert scores.tolist() == [[0.0]]


@pytest.mark.parametrize("mean", [-0.5, -1e-9, 0.0, 1e-9])
def test_a_mean_that_is_not_above_zero_gives_opposites_no_ratio(mean):
    means = np.full(1, mean)
    for cosine in (-0.9, 0.9):
        cosines = np.full((1, 1), cosine, np.float32)
        assert margin_scores(cosines, np.array([[0]]), means, means, "ratio").tolist() == [[0.0]]
