"""The arithmetic of merging single tensors: which elements are kept, how members are summed.

An *update* is what a member changed in a tensor. All functions are pure. Formulas: task arithmetic
(Ilharco et al. 2023), TIES (Yadav et al. 2023), DARE (Yu et al. 2023), Model Breadcrumbs (Davari &
Belilovsky 2023). As in the last of these, shares are of each tensor for itself, so no more than
one tensor of each member has to be in memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from adapterxlt.methods.arithmetic import Arithmetic
from adapterxlt.models.sparse import largest

_AT_ONCE = 1 << 22  # elements


def merged(
    updates: Iterable[Tensor], weights: Sequence[float], how: Arithmetic, keys: Iterable[str]
) -> Tensor:
    """The update of a merge, in double precision.

    Args:
        updates: one per member; a sum asks for only one at a time.
        keys: one per member: what a random choice depends on besides the seed.

    Example:
        >>> one, two = torch.tensor([4.0, 0.1]), torch.tensor([-2.0, 3.0])
        >>> merged([one, two], [0.5, 0.5], Arithmetic(), ["a", "b"])
        tensor([1.0000, 1.5500], dtype=torch.float64)
        >>> merged([one, two], [0.5, 0.5], Arithmetic("ties", "magnitude", 0.5), ["a", "b"])
        tensor([4., 3.], dtype=torch.float64)
    """
    each = (sparsified(update, how, key) for update, key in zip(updates, keys, strict=True))
    if how.consensus == "sum":
        return summed(each, weights)
    kept = list(each)
    flat = [update.reshape(-1) for update in kept]
    total = torch.empty_like(flat[0], dtype=torch.float64)
    for start in range(0, len(total), _AT_ONCE):  # or it takes several times the memory
        here = slice(start, start + _AT_ONCE)
        total[here] = agreed([update[here] for update in flat], weights)
    return total.view(kept[0].shape)


def summed(updates: Iterable[Tensor], weights: Sequence[float]) -> Tensor:
    """The weighted sum.

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
    """TIES: the mean over the members whose sign is that of the weighted sum, times all weights.

    A member whose element is zero has no say in it. Where all agree, this is the weighted sum;
    where the weighted sum is zero, so is this.

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
    """An update with zeros for what is not kept of it.

    Example:
        >>> update = torch.tensor([0.1, -8.0, 2.0, 0.5])
        >>> sparsified(update, Arithmetic(sparsify="magnitude", density=0.5), "")
        tensor([ 0., -8.,  2.,  0.])
        >>> sparsified(update, Arithmetic(sparsify="breadcrumbs", density=0.5, outliers=0.25), "")
        tensor([0.0000, 0.0000, 2.0000, 0.5000])
    """
    if how.sparsify == "none":
        return update
    if how.sparsify == "magnitude":
        mask = _largest(update, _count(update, how.density))
    elif how.sparsify == "random":
        mask = _drawn(update, how.density, how.seed, key)
    else:
        count = _count(update, how.density)
        cut = min(_count(update, how.outliers), update.numel() - count)
        mask = _largest(update, count + cut) & ~_largest(update, cut)
    rest = ~mask
    kept = update.masked_fill(rest, 0.0)
    if how.rescale and how.density:
        kept.div_(how.density).masked_fill_(rest, 0.0)
    return kept


def _count(update: Tensor, share: float) -> int:
    return round(share * update.numel())


def _largest(update: Tensor, count: int) -> Tensor:
    """Where the `count` largest elements are; zeros are never among them."""
    return largest({"": update.abs()}, count)[""]


def _drawn(update: Tensor, share: float, seed: int, key: str) -> Tensor:
    """Each element with the same chance; the choice depends only on seed, key and shape."""
    number = int.from_bytes(hashlib.sha256(f"{seed}/{key}".encode()).digest()[:7], "big")
    generator = torch.Generator().manual_seed(number)
    return torch.rand(update.shape, generator=generator) < share
