"""Inner products whose value depends only on the two vectors.

The order in which a matrix product sums depends on its shape, on the place in it and on the number
of threads. So the last bits of a pair's product differ. Where two scores are compared, equal
vectors must have equal scores. The products here are summed in double precision in one fixed
order and then rounded to single precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from adapterxlt.search.arrays import Floats

Doubles = npt.NDArray[np.float64]

# Numbers multiplied at a time in products of single pairs.
AT_ONCE = 1 << 18


def pair_products(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> Floats:
    """Return [m] inner products of the rows of one [m, dim] with those of another."""
    found = np.empty(len(left), np.float32)
    step = max(AT_ONCE // left.shape[1], 1)
    for start in range(0, len(left), step):
        place = slice(start, start + step)
        # Along the last axis of such an array, numpy's order of summing depends only on its length.
        terms = np.multiply(left[place], right[place], dtype=np.float64, order="C")
        found[place] = terms.sum(axis=1)
    return found


def steady_products(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> Floats:
    """Return [n, m] inner products of all rows of [n, dim] with all of [m, dim].

    The values are those of `pair_products`. A matrix product in double precision gives the same
    value if all possible orders of summing round to the same single-precision number. The few
    other products are computed one by one.
    """
    import torch

    double = [np.array(side, dtype=np.float64, order="C") for side in (left, right)]
    products = torch.mm(torch.from_numpy(double[0]), torch.from_numpy(double[1]).t()).numpy()
    slack = np.outer(*(np.sqrt((side * side).sum(axis=1)) for side in double))
    slack *= 2.1 * (left.shape[1] + 2) * 2.0**-53
    found = products.astype(np.float32)
    low = (products - slack).astype(np.float32)
    unclear = np.flatnonzero(low != (products + slack).astype(np.float32))
    for start in range(0, len(unclear), AT_ONCE):
        part = unclear[start : start + AT_ONCE]
        rows, columns = np.divmod(part, found.shape[1])
        found[rows, columns] = _of_pairs(left, right, rows, columns)
    return found


def _of_pairs(
    left: npt.NDArray[Any], right: npt.NDArray[Any], rows: npt.NDArray[Any], columns: Any
) -> Floats:
    found = np.empty(len(rows), np.float32)
    step = max(AT_ONCE // left.shape[1], 1)
    for start in range(0, len(rows), step):
        place = slice(start, start + step)
        found[place] = pair_products(left[rows[place]], right[columns[place]])
    return found


def lengths(vectors: npt.NDArray[Any]) -> Doubles:
    """Return [n] lengths of vectors."""
    double = np.asarray(vectors, dtype=np.float64)
    return np.asarray(np.sqrt((double * double).sum(axis=1)))


def rounding(dim: int) -> float:
    """Return the largest error of a product in single precision, relative to the vectors' lengths.

    The bound holds for any order of summation, with or without fused steps, and includes the
    rounding of `pair_products`.
    """
    return 1.01 * (dim + 3) * 2.0**-24
