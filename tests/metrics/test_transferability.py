from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.metrics.transferability import (
    h_score,
    knn_accuracy,
    linear_probe,
    logme,
)

MEASURES = (logme, h_score, knn_accuracy, linear_probe)


def made(spread: float, seed: int = 0, n: int = 60, dim: int = 6):  # type: ignore[no-untyped-def]
    """Three classes around their own points, `spread` apart from these."""
    rng = np.random.default_rng(seed)
    classes = np.arange(n) % 3
    return 3 * np.eye(dim)[classes] + spread * rng.normal(size=(n, dim)), classes


@pytest.mark.parametrize("measure", MEASURES)
def test_the_better_classes_are_told_apart_the_higher(measure) -> None:  # type: ignore[no-untyped-def]
    values = [measure(*made(spread)) for spread in (0.2, 1.5, 20.0)]
    assert values == sorted(values, reverse=True)
    assert values[0] > values[2]


@given(seed=st.integers(0, 1000))
def test_turning_the_features_changes_nothing(seed: int) -> None:
    features, classes = made(2.0, seed)
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(6, 6)))
    for measure in MEASURES:
        assert measure(features @ turn, classes) == pytest.approx(
            measure(features, classes), rel=1e-4, abs=1e-4
        )


def test_evidence_is_that_of_a_grid_of_precisions() -> None:
    """The fixed point finds the largest evidence, computed here by its definition."""
    features, classes = made(1.5, n=40, dim=3)
    y = (classes == 0).astype(float)
    n = len(y)
    grid = np.exp(np.linspace(-6, 8, 120))

    def evidence(alpha: float, beta: float) -> float:
        covariance = np.eye(n) / beta + features @ features.T / alpha
        _, logarithm = np.linalg.slogdet(covariance)
        quadratic = y @ np.linalg.solve(covariance, y)
        return float(-(n * np.log(2 * np.pi) + logarithm + quadratic) / 2 / n)

    best = max(evidence(alpha, beta) for alpha in grid for beta in grid)
    one_class = np.where(classes == 0, 0, 1)
    # Of two classes, both indicators count; that of the other one is computed alike.
    y = 1 - y
    other = max(evidence(alpha, beta) for alpha in grid for beta in grid)
    assert logme(features, one_class) == pytest.approx((best + other) / 2, abs=2e-3)


def test_h_score_of_classes_that_are_points() -> None:
    classes = np.arange(30) % 3
    assert h_score(np.eye(3)[classes], classes) == pytest.approx(2.0)
    assert h_score(np.ones((30, 2)), classes) == pytest.approx(0.0)


def test_knn_by_hand() -> None:
    features = np.array([[1.0, 0.0], [1.0, 0.1], [0.9, 0.2], [0.0, 1.0], [0.1, 1.0], [1.0, 0.05]])
    classes = np.array([0, 0, 0, 1, 1, 1])
    assert knn_accuracy(features, classes, k=1) == pytest.approx(100 * 3 / 6)


def test_the_probe_leaves_each_example_out() -> None:
    features, classes = made(1.0, n=24)
    right = 0
    for out in range(24):
        rest = np.arange(24) != out
        middle = features.mean(axis=0)
        wide = np.hstack([features - middle, np.ones((24, 1))])
        whole = wide.T @ wide
        penalty = 1e-2 * np.trace(whole[:6, :6]) / 6
        gram = wide[rest].T @ wide[rest] + np.diag([*[penalty] * 6, 1e-9])
        weights = np.linalg.solve(gram, wide[rest].T @ np.eye(3)[classes[rest]])
        right += int((wide[out] @ weights).argmax() == classes[out])
    assert linear_probe(features, classes) == pytest.approx(100 * right / 24)
