"""What is kept and merged block by block is what is kept and merged at once, to the bit."""

from __future__ import annotations

import hashlib
import itertools

import pytest
import torch
from torch import Tensor

from adapterxlt.methods.arithmetic import Arithmetic
from adapterxlt.models import selection
from adapterxlt.models.consensus import Update, agreed, merged, merged_parts, summed
from adapterxlt.models.selection import Largest
from adapterxlt.models.sparse import largest

WEIGHTS = [0.5, -0.25, 0.75]
HOWS = [
    Arithmetic(consensus, sparsify, density, outliers, rescale)  # type: ignore[arg-type]
    for consensus, (sparsify, outliers), density, rescale in itertools.product(
        ("sum", "ties"),
        (("none", 0.0), ("magnitude", 0.0), ("random", 0.0), ("breadcrumbs", 0.1)),
        (0.0, 0.3, 1.0),
        (False, True),
    )
]


def at_once(update: Tensor, count: int) -> Tensor:
    """Where the largest elements are, by sorting all: the first of equal ones."""
    order = sorted(range(update.numel()), key=lambda at: (-update.view(-1)[at].item(), at))
    mask = torch.zeros_like(update, dtype=torch.bool)
    mask.view(-1)[order[:count]] = True
    return mask & (update > 0)


def kept(update: Tensor, how: Arithmetic, key: str) -> Tensor:
    count = round(how.density * update.numel())
    if how.sparsify == "none":
        return update
    if how.sparsify == "magnitude":
        mask = at_once(update.abs(), count)
    elif how.sparsify == "random":
        number = int.from_bytes(hashlib.sha256(f"{how.seed}/{key}".encode()).digest()[:7], "big")
        drawn = torch.rand(update.shape, generator=torch.Generator().manual_seed(number))
        mask = drawn < how.density
    else:
        cut = min(round(how.outliers * update.numel()), update.numel() - count)
        mask = at_once(update.abs(), count + cut) & ~at_once(update.abs(), cut)
    rest = ~mask
    found = update.masked_fill(rest, 0.0)
    return (found / how.density).masked_fill(rest, 0.0) if how.rescale and how.density else found


def updates(dtype: torch.dtype) -> list[Tensor]:
    """Some elements are equal, and some are zero."""
    generator = torch.Generator().manual_seed(3)
    some = [torch.randn(9, 7, generator=generator) for _ in WEIGHTS]
    some[1] = (4 * some[1]).round()
    return [(one * (torch.rand(9, 7, generator=generator) > 0.3)).to(dtype) for one in some]


@pytest.mark.parametrize("block", [1, 7, 32, 1 << 18])
@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16], ids=str
)
def test_blocks_change_no_bit(
    dtype: torch.dtype, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "AT_ONCE", block)
    given, keys = updates(dtype), ["a", "b", "c"]
    for how in HOWS:
        consensus = summed if how.consensus == "sum" else agreed
        each = [kept(one, how, key) for one, key in zip(given, keys, strict=True)]
        wanted, found = consensus(each, WEIGHTS), merged(given, WEIGHTS, how, keys)
        assert torch.equal(found, wanted), how
        assert torch.equal(found.signbit(), wanted.signbit()), how


@pytest.mark.parametrize("block", [3, 1 << 18])
@pytest.mark.parametrize("count", [0, 1, 5, 40, 1000])
def test_the_largest_of_several_tensors(
    count: int, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, "AT_ONCE", block)
    changes = {str(n): one.abs() for n, one in enumerate(updates(torch.float32))}
    found = largest(changes, count)
    wanted = at_once(torch.stack(list(changes.values())), count)
    assert torch.equal(torch.stack(list(found.values())), wanted)


def test_numbers_of_every_size_are_told_apart() -> None:
    values = torch.tensor(
        [5e-324, 0.0, 1e308, 1.0, 1.0 + 2**-52, 2e-310, 1e-16], dtype=torch.float64
    )
    order = values.argsort(descending=True)
    for count in range(7):
        mask = Largest(lambda: [values], torch.float64, count).mark(values)
        wanted = set(order[:count].tolist()) - {1}
        assert set(mask.nonzero().squeeze(1).tolist()) == wanted


def test_no_more_than_a_block_is_asked_for_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection, "AT_ONCE", 10)
    asked: list[slice] = []
    whole = torch.arange(95.0)

    def part(here: slice) -> Tensor:
        asked.append(here)
        return whole[here]

    how = Arithmetic("ties", "breadcrumbs", 0.3, 0.1)
    both = [Update(whole.shape, whole.dtype, part)] * 2
    done = [here for here, _ in merged_parts(both, [0.5, 0.5], how, ["a", "b"])]
    assert done == [slice(start, start + 10) for start in range(0, 95, 10)]
    assert {(here.start % 10, here.stop - here.start) for here in asked} == {(0, 10)}
    # Of each member: two bounds of two times sixteen bits, and once what is summed.
    assert len(asked) == 2 * 10 * (2 * 2 + 1)
