"""The arithmetic of merging single tensors: which elements are kept, how members are summed.

An *update* is what a member changed in a tensor. All functions are pure. Formulas: task arithmetic
(Ilharco et al. 2023), TIES (Yadav et al. 2023), DARE (Yu et al. 2023), Model Breadcrumbs (Davari &
Belilovsky 2023). As in the last of these, the share of kept elements holds for each tensor by
itself. So only one tensor of each member has to be in memory, and it is processed in blocks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from adapterxlt.methods.arithmetic import Arithmetic
from adapterxlt.models.selection import Largest, slices


@dataclass(frozen=True)
class Update:
    """What a member changed in a tensor; any part of it can be requested.

    Args:
        shape, dtype: shape and type of the whole tensor.
        part: returns the flat elements of a slice.
    """

    shape: torch.Size
    dtype: torch.dtype
    part: Callable[[slice], Tensor]

    @classmethod
    def of(cls, tensor: Tensor) -> Update:
        """Make an update from a tensor in memory."""
        return cls(tensor.shape, tensor.dtype, tensor.reshape(-1).__getitem__)

    @property
    def count(self) -> int:
        """The number of elements."""
        return self.shape.numel()


def merged(
    updates: Iterable[Tensor], weights: Sequence[float], how: Arithmetic, keys: Iterable[str]
) -> Tensor:
    """Return the update of a merge, in double precision.

    Args:
        updates: one per member.
        weights: one per member.
        how: what is kept of each update, and how updates are summed.
        keys: one per member; random choices depend on it and on the seed.

    Example:
        >>> one, two = torch.tensor([4.0, 0.1]), torch.tensor([-2.0, 3.0])
        >>> merged([one, two], [0.5, 0.5], Arithmetic(), ["a", "b"])
        tensor([1.0000, 1.5500], dtype=torch.float64)
        >>> merged([one, two], [0.5, 0.5], Arithmetic("ties", "magnitude", 0.5), ["a", "b"])
        tensor([4., 3.], dtype=torch.float64)
    """
    each = [Update.of(tensor) for tensor in updates]
    total = torch.empty(each[0].shape, dtype=torch.float64)
    for here, block in merged_parts(each, weights, how, keys):
        total.view(-1)[here] = block
    return total


def merged_parts(
    updates: Sequence[Update], weights: Sequence[float], how: Arithmetic, keys: Iterable[str]
) -> Iterator[tuple[slice, Tensor]]:
    """Yield the update of a merge block by block, from the first element to the last.

    Besides the updates themselves, this takes some 60 MB for a tensor of any size, as the elements
    to keep are found by counting (see `selection`). Measured with TIES of two full
    fine-tunes, 30 million elements each, density 0.2: 59 MB and 3.4 s of one core; in one piece it
    took 1,556 MB and 9.2 s.
    """
    each = [_kept(update, how, key) for update, key in zip(updates, keys, strict=True)]
    consensus = summed if how.consensus == "sum" else agreed
    for here in slices(updates[0].count):
        yield here, consensus([part(here) for part in each], weights)


def summed(updates: Iterable[Tensor], weights: Sequence[float]) -> Tensor:
    """Return the weighted sum of updates.

    Example:
        >>> summed([torch.tensor([1.0, 2.0]), torch.tensor([3.0, 0.0])], [1.0, -1.0])
        tensor([-2.,  2.], dtype=torch.float64)
    """
    total: Tensor | None = None
    for weight, update in zip(weights, updates, strict=True):
        if total is None:
            total = torch.zeros_like(update, dtype=torch.float64)
        total += weight * update.double()
    assert total is not None
    return total


def agreed(updates: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Return the consensus of TIES, element by element.

    It is the mean over the members whose sign is that of the weighted sum, times the sum of all
    weights. A member whose element is zero does not count. If all members agree, the result is the
    weighted sum. If the weighted sum is zero, the result is zero.

    Example:
        >>> one, two = torch.tensor([4.0, 1.0, 0.0]), torch.tensor([-2.0, 1.0, 3.0])
        >>> agreed([one, two], [0.5, 0.5])
        tensor([4., 1., 3.], dtype=torch.float64)
    """
    sign = summed(updates, weights).sign()
    total, share = torch.zeros_like(sign), torch.zeros_like(sign)
    for weight, update in zip(weights, updates, strict=True):
        own = weight * update.double()
        agrees = (own.sign() == sign) & (own != 0)
        total += own.where(agrees, 0.0)
        share += abs(weight) * agrees.double()
    everything = sum(map(abs, weights))
    return (total * (everything / share)).where(share > 0, 0.0)


def sparsified(update: Tensor, how: Arithmetic, key: str) -> Tensor:
    """Return an update in which all elements that are not kept are zero.

    Example:
        >>> update = torch.tensor([0.1, -8.0, 2.0, 0.5])
        >>> sparsified(update, Arithmetic(sparsify="magnitude", density=0.5), "")
        tensor([ 0., -8.,  2.,  0.])
        >>> sparsified(update, Arithmetic(sparsify="breadcrumbs", density=0.5, outliers=0.25), "")
        tensor([0.0000, 0.0000, 2.0000, 0.5000])
    """
    part, found = _kept(Update.of(update), how, key), torch.empty_like(update)
    flat = found.view(-1)
    for here in slices(update.numel()):
        flat[here] = part(here)
    return found


def _kept(update: Update, how: Arithmetic, key: str) -> Callable[[slice], Tensor]:
    """Return a function that gives parts of a sparsified update; call it in their order."""
    if how.sparsify == "none":
        return update.part
    mark = _marks(update, how, key)

    def part(here: slice) -> Tensor:
        block = update.part(here)
        rest = ~mark(block)
        kept = block.masked_fill(rest, 0.0)
        if how.rescale and how.density:
            kept.div_(how.density).masked_fill_(rest, 0.0)
        return kept

    return part


def _marks(update: Update, how: Arithmetic, key: str) -> Callable[[Tensor], Tensor]:
    """Return a function that tells which elements of the next part are kept."""
    if how.sparsify == "random":
        return _drawn(how.density, how.seed, key)
    count = round(how.density * update.count)
    if how.sparsify == "magnitude":
        largest = _largest(update, count)
        return lambda block: largest.mark(block.abs())
    cut = min(round(how.outliers * update.count), update.count - count)
    upper, outliers = _largest(update, count + cut), _largest(update, cut)
    return lambda block: upper.mark(block.abs()) & ~outliers.mark(block.abs())


def _largest(update: Update, count: int) -> Largest:
    """Find the `count` largest elements, whatever their sign."""

    def blocks() -> Iterator[Tensor]:
        return (update.part(here).abs() for here in slices(update.count))

    return Largest(blocks, update.dtype, count)


def _drawn(share: float, seed: int, key: str) -> Callable[[Tensor], Tensor]:
    """Choose all elements with the same chance; the choice depends on seed, key and place."""
    number = int.from_bytes(hashlib.sha256(f"{seed}/{key}".encode()).digest()[:7], "big")
    generator = torch.Generator().manual_seed(number)
    return lambda block: torch.rand(block.shape, generator=generator) < share
