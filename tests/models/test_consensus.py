"""The arithmetic of merging, against the papers' formulas written out, and by its properties."""

from __future__ import annotations

import doctest
from itertools import permutations
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from adapterxlt.methods import arithmetic
from adapterxlt.methods.arithmetic import Arithmetic
from adapterxlt.models import consensus
from adapterxlt.models.consensus import agreed, merged, sparsified, summed

VALUES = st.sampled_from([0.0, -0.0, 0.25, -0.25, 1.0, -1.0, 1.5, -3.0, 8.0])
RULES = ("none", "magnitude", "random", "breadcrumbs")


def tensors(least: int = 1, most: int = 4) -> st.SearchStrategy[list[Tensor]]:
    """Some updates of one shape."""
    return st.integers(1, 9).flatmap(
        lambda size: st.lists(
            st.lists(VALUES, min_size=size, max_size=size).map(torch.tensor),
            min_size=least,
            max_size=most,
        )
    )


def hows(**fixed: Any) -> st.SearchStrategy[Arithmetic]:
    choices: dict[str, st.SearchStrategy[Any]] = {
        "consensus": st.sampled_from(["sum", "ties"]),
        "sparsify": st.sampled_from(RULES),
        "density": st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.7, 1.0]),
        "outliers": st.sampled_from([0.0, 0.01, 0.3, 1.0]),
        "rescale": st.booleans(),
        "seed": st.integers(0, 3),
    }
    return st.builds(Arithmetic, **{**choices, **{k: st.just(v) for k, v in fixed.items()}})


def names(updates: list[Tensor]) -> list[str]:
    return [str(index) for index in range(len(updates))]


@pytest.mark.parametrize("module", [consensus, arithmetic])
def test_the_worked_examples(module: Any) -> None:
    found = doctest.testmod(module, extraglobs={"torch": torch, "Arithmetic": Arithmetic})
    assert found.attempted >= 2
    assert found.failed == 0


@settings(max_examples=30)
@given(tensors(), hows())
def test_nothing_is_made_of_nothing(updates: list[Tensor], how: Arithmetic) -> None:
    zeros = [torch.zeros_like(update) for update in updates]
    weights = [1.0 + index for index in range(len(zeros))]
    assert not merged(zeros, weights, how, names(zeros)).any()


@settings(max_examples=30)
@given(tensors(1, 1), hows())
def test_what_is_kept(updates: list[Tensor], how: Arithmetic) -> None:
    """An element is kept as it is, or scaled, or zero; of density 0 nothing is, of 1 all."""
    (update,) = updates
    found = sparsified(update, how, "k")
    scale = how.density if how.rescale and how.sparsify != "none" and how.density else 1.0
    kept = found != 0
    torch.testing.assert_close(found[kept] * scale, update[kept])
    if how.sparsify == "none":
        assert found.equal(update)
    elif how.density == 0:
        assert not kept.any()
    elif how.density == 1:
        torch.testing.assert_close(found, update)
    if how.sparsify == "magnitude":
        assert int(kept.sum()) == min(round(how.density * update.numel()), int((update != 0).sum()))
        dropped = [abs(float(x)) for x in update[~kept]]
        assert max(dropped, default=0.0) <= min([abs(float(x)) for x in update[kept]] or [8.0])


@settings(max_examples=30)
@given(tensors(2, 3), hows(), st.data())
def test_the_order_of_members_does_not_count(
    updates: list[Tensor], how: Arithmetic, data: st.DataObject
) -> None:
    weights = data.draw(
        st.lists(st.sampled_from([0.5, 1.0, -2.0]), min_size=len(updates), max_size=len(updates))
    )
    members = list(zip(updates, weights, names(updates), strict=True))
    first = merged(updates, weights, how, names(updates))
    for some in permutations(members):
        own, shares, keys = (list(each) for each in zip(*some, strict=True))
        torch.testing.assert_close(merged(own, shares, how, keys), first)


@settings(max_examples=30)
@given(tensors(2, 2))
def test_algebra_of_sums(updates: list[Tensor]) -> None:
    one, two = updates
    assert summed([one, two], [1.0, 0.0]).equal(one.double())
    assert summed([one, two, two], [1.0, 1.0, -1.0]).equal(one.double())
    assert summed([one, one], [0.5, 0.5]).equal(one.double())


@settings(max_examples=30)
@given(tensors(2, 2))
def test_ties_of_one_member_is_that_member(updates: list[Tensor]) -> None:
    one, two = updates
    assert agreed([one], [1.0]).equal(one.double())
    assert agreed([one, one], [0.5, 0.5]).equal(one.double())
    assert agreed([one, two], [1.0, 0.0]).equal(one.double())


@settings(max_examples=30)
@given(tensors(2, 3))
def test_ties_is_the_sum_where_all_agree(updates: list[Tensor]) -> None:
    same = [update.abs() + 0.5 for update in updates]
    weights = [0.5 + index for index in range(len(same))]
    torch.testing.assert_close(agreed(same, weights), summed(same, weights))


def ties_by_hand(vectors: list[list[float]], k: float) -> list[float]:
    """Trim, elect sign, disjoint merge: Yadav et al. 2023, algorithm 1, lambda 1."""
    trimmed = []
    for vector in vectors:
        count = round(k * len(vector))
        top = sorted(range(len(vector)), key=lambda i: -abs(vector[i]))[:count]
        trimmed.append([value if i in top else 0.0 for i, value in enumerate(vector)])
    result = []
    for column in zip(*trimmed, strict=True):
        positive = sum(abs(x) for x in column if x > 0)
        negative = sum(abs(x) for x in column if x < 0)
        sign = (positive > negative) - (positive < negative)
        agree = [x for x in column if x * sign > 0]
        result.append(sum(agree) / len(agree) if agree else 0.0)
    return result


def test_ties_as_the_paper_has_it() -> None:
    generator = torch.Generator().manual_seed(1)
    updates = [torch.randn(40, generator=generator) for _ in range(3)]
    how = Arithmetic("ties", "magnitude", density=0.3)
    found = merged(updates, [1 / 3] * 3, how, ["a", "b", "c"])
    wanted = torch.tensor(ties_by_hand([update.tolist() for update in updates], 0.3))
    torch.testing.assert_close(found, wanted.double(), rtol=1e-6, atol=1e-7)
    scaled = merged(updates, [0.4] * 3, how, ["a", "b", "c"])  # lambda is the sum of the weights
    torch.testing.assert_close(scaled, 1.2 * found)


def test_dare_as_the_paper_has_it() -> None:
    """Yu et al. 2023, equation 3: m ~ Bernoulli(p); (1 - m) * delta / (1 - p)."""
    update = torch.ones(100, 100)
    how = Arithmetic(sparsify="random", density=0.3, rescale=True, seed=5)
    found = sparsified(update, how, "a")
    torch.testing.assert_close(found.unique(), torch.tensor([0.0, 1 / 0.3]))
    assert float(found.mean()) == pytest.approx(1.0, abs=0.05)
    again = sparsified(2 * update, how, "a")
    assert again.equal(2 * found)  # the choice is of places, not of values
    assert not sparsified(update, how, "b").equal(found)
    other = Arithmetic(sparsify="random", density=0.3, rescale=True, seed=6)
    assert not sparsified(update, other, "a").equal(found)


def test_breadcrumbs_as_the_paper_has_it() -> None:
    """Davari & Belilovsky 2023: of each tensor the smallest and the largest are masked."""
    update = torch.tensor([float(i) * (-1) ** i for i in range(1, 101)])
    how = Arithmetic(sparsify="breadcrumbs", density=0.14, outliers=0.01)
    kept = sparsified(update, how, "").nonzero().squeeze(1)
    assert kept.tolist() == list(range(85, 99))  # the lowest 85 and the largest are gone
