from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.batching.mixing import allotted, counted, probabilities, shared, turns

SIZES = [400_000, 100_000, 500]


@pytest.mark.parametrize(
    ("sampling", "cap", "temperature", "weights"),
    [
        ("proportional", None, None, [400_000, 100_000, 500]),
        ("proportional", 1000, 2.0, [400_000, 100_000, 500]),  # not asked for, so not used
        ("capped", 131_072, None, [131_072, 100_000, 500]),
        ("temperature", None, 2.0, [400_000**0.5, 100_000**0.5, 500**0.5]),
        ("temperature", 131_072, 4.0, [131_072**0.25, 100_000**0.25, 500**0.25]),
        ("uniform", None, None, [1, 1, 1]),
    ],
)
def test_probabilities(
    sampling: str, cap: int | None, temperature: float | None, weights: list[float]
) -> None:
    found = probabilities(SIZES, sampling, cap, temperature)  # type: ignore[arg-type]
    np.testing.assert_allclose(found, np.array(weights) / sum(weights))


def test_what_counts_in_an_epoch() -> None:
    assert counted(SIZES, "capped", 1000).tolist() == [1000, 1000, 500]
    assert counted(SIZES, "temperature", 1000).tolist() == [1000, 1000, 500]
    assert counted(SIZES, "temperature", None).tolist() == SIZES
    assert counted(SIZES, "proportional", None).tolist() == SIZES
    assert counted(SIZES, "uniform", None).tolist() == SIZES


@given(st.lists(st.integers(1, 50), min_size=1, max_size=5), st.integers(0, 99), st.integers(1, 99))
def test_turns_count_up_for_each_task(sizes: list[int], seed: int, steps: int) -> None:
    chances = probabilities(sizes, "proportional", None, None)
    order, before = turns(chances, steps, seed)
    again = turns(chances, steps, seed)
    assert order.tolist() == again[0].tolist()
    assert before.tolist() == again[1].tolist()
    for step in range(steps):
        assert before[step] == (order[:step] == order[step]).sum()


def test_turns_follow_the_probabilities() -> None:
    order, _ = turns(np.array([0.7, 0.2, 0.1]), 20_000, 1)
    shares = np.bincount(order) / 20_000
    np.testing.assert_allclose(shares, [0.7, 0.2, 0.1], atol=0.012)  # three standard deviations
    other, _ = turns(np.array([0.7, 0.2, 0.1]), 20_000, 2)
    assert (order != other).any()


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=6), st.integers(0, 99), st.integers(1, 200)
)
def test_exact_shares(sizes: list[int], seed: int, steps: int) -> None:
    shares = np.array(sizes) / sum(sizes)
    order, before = turns(shares, steps, seed, exact=True)
    counts = np.bincount(order, minlength=len(sizes))
    assert counts.sum() == steps
    assert (abs(counts - shares * steps) < 1).all()
    for step in range(steps):
        assert before[step] == (order[:step] == order[step]).sum()


def test_exact_shares_of_few_steps_are_in_a_random_order() -> None:
    shares = np.array([0.125, 0.125, 0.75])
    assert allotted(shares, 40).tolist() == [5, 5, 30]
    assert allotted(shares, 41).tolist() == [5, 5, 31]
    assert allotted(np.array([0.5, 0.5]), 3).tolist() == [2, 1]
    first, second = (turns(shares, 40, seed, exact=True)[0].tolist() for seed in (1, 2))
    assert first != second
    assert first != sorted(first)


def test_shares_come_first_and_the_others_divide_the_rest() -> None:
    chances = probabilities([30, 10, 1000], "proportional", None, None)
    assert shared(chances, [None, None, 0.2]).tolist() == pytest.approx([0.6, 0.2, 0.2])
    assert shared(chances, [0.5, 0.3, 0.2]).tolist() == pytest.approx([0.5, 0.3, 0.2])
