from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.batching.batches import budget_batches, length_batches

LENGTHS = st.lists(st.integers(1, 200), max_size=300)


@given(LENGTHS, st.integers(1, 40), st.integers(0, 5), st.integers(0, 5))
def test_length_batches_hold_each_index_once(
    lengths: list[int], size: int, seed: int, epoch: int
) -> None:
    batches = length_batches(lengths, size, seed=seed, epoch=epoch)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    assert len(batches) == -(-len(lengths) // size)
    assert sorted(map(len, batches))[1:] == [size] * (len(batches) - 1)
    assert batches == length_batches(lengths, size, seed=seed, epoch=epoch)


def test_batches_change_with_epoch_and_seed_in_order_and_content() -> None:
    lengths = [random.Random(i).randint(10, 90) for i in range(320)]
    first = length_batches(lengths, 32, seed=1, epoch=0)
    for other in (
        length_batches(lengths, 32, seed=1, epoch=1),
        length_batches(lengths, 32, seed=2, epoch=0),
    ):
        assert {frozenset(batch) for batch in other} != {frozenset(batch) for batch in first}
    means = [sum(lengths[i] for i in batch) / len(batch) for batch in first]
    assert means != sorted(means)
    assert means != sorted(means, reverse=True)


def test_padding_stays_below_five_percent_on_lengths_like_snli() -> None:
    rng = random.Random(0)
    lengths = [max(12, round(rng.gauss(40, 12))) for _ in range(5000)]
    batches = length_batches(lengths, 32, seed=1, epoch=0)
    padded = sum(len(batch) * max(lengths[i] for i in batch) for batch in batches)
    assert padded / sum(lengths) < 1.05


@given(LENGTHS, st.integers(1, 2000))
def test_budget_batches_hold_each_index_once_within_the_budget(
    lengths: list[int], budget: int
) -> None:
    batches = budget_batches(lengths, budget)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= budget
    widest = [max(lengths[i] for i in batch) for batch in batches]
    assert widest == sorted(widest, reverse=True)


def test_budget_is_used() -> None:
    assert budget_batches([5, 10, 5, 5], 20) == [[1, 0], [2, 3]]


@given(LENGTHS.filter(len), st.integers(1, 40), st.integers(0, 5))
def test_the_longest_input_comes_first_of_all(lengths: list[int], size: int, seed: int) -> None:
    first = length_batches(lengths, size, seed=seed, epoch=0)[0]
    assert max(lengths[i] for i in first) == max(lengths)
