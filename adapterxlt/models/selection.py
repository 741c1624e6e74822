"""Finds the largest of very many elements exactly, with little additional memory.

Numbers that are not negative are ordered like their bits. So the bits of the smallest kept number
are found sixteen at a time by counting, which reads the elements block by block.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch
from torch import Tensor

AT_ONCE = 1 << 18  # elements of a block
_DIGIT = 16  # bits
_WHOLE = {2: torch.int16, 4: torch.int32, 8: torch.int64}


def slices(count: int) -> Iterator[slice]:
    """Yield the blocks of `count` elements."""
    return (slice(start, start + AT_ONCE) for start in range(0, count, AT_ONCE))


class Largest:
    """Marks the largest elements; zeros are never marked, and of equal elements the first ones are.

    Args:
        blocks: yields all elements, flat and not negative, block by block. It is called once for
            each sixteen bits of an element.
        dtype: type of the elements.
        count: how many elements to mark.

    Example:
        >>> blocks = [torch.tensor([0.0, 3.0, 2.0]), torch.tensor([2.0, 5.0])]
        >>> found = Largest(lambda: blocks, torch.float32, 3)
        >>> [found.mark(block).tolist() for block in blocks]
        [[False, True, True], [False, True]]
    """

    def __init__(
        self, blocks: Callable[[], Iterable[Tensor]], dtype: torch.dtype, count: int
    ) -> None:
        self._bound: Tensor | None = None  # the smallest marked element
        self._left = 0  # how many elements equal to it are marked
        whole, known, top = _WHOLE[dtype.itemsize], 0, 8 * dtype.itemsize - _DIGIT
        for shift in range(top, -1, -_DIGIT):
            counts = np.zeros(1 << _DIGIT, dtype=np.int64)
            for block in blocks() if count else ():
                bits = block.view(whole)
                like = bits > 0 if shift == top else (bits >> (shift + _DIGIT)) == known
                bits = bits[like]
                digits = (bits.long() >> shift) & ((1 << _DIGIT) - 1)
                counts += np.bincount(digits.numpy(), minlength=1 << _DIGIT)
            reached = counts[::-1].cumsum()[::-1]  # how many have at least this digit
            count = min(count, int(reached[0]))
            if not count:
                return
            digit = int(np.flatnonzero(reached >= count)[-1])
            count -= int(reached[digit] - counts[digit])
            known = known << _DIGIT | digit
        self._bound, self._left = torch.tensor(known, dtype=whole).view(dtype), count

    def mark(self, block: Tensor) -> Tensor:
        """Mark the elements of the next block that are among the largest."""
        if self._bound is None:
            return torch.zeros_like(block, dtype=torch.bool)
        mask = block > self._bound
        if self._left:
            equal = (block == self._bound).nonzero().squeeze(1)[: self._left]
            self._left -= len(equal)
            mask[equal] = True
        return mask
