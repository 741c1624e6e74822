"""Arrays of sentence vectors: their types, their checks, and scaling to length 1."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from adapterxlt.errors import AdapterXLTError

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]


def check_vectors(vectors: Floats, what: str) -> Floats:
    """Return the vectors as contiguous float32 [n, dim]; empty or infinite ones are refused."""
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or not vectors.size:
        raise AdapterXLTError(
            f"there are no vectors to search: the {what} have shape {vectors.shape}"
        )
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        raise AdapterXLTError(
            f"{int((~finite).sum())} of {len(vectors)} vectors hold NaN or infinity "
            f"({what}, first in row {int(np.argmin(finite)) + 1})",
            hint="the model that made them has diverged, or its precision is too low",
        )
    return vectors


def normalise(vectors: npt.NDArray[Any]) -> Floats:
    """Scale vectors [n, dim] to length 1, whatever their size; a zero vector stays as it is.

    Each is first scaled by a power of two, which changes no digit. Otherwise squares of large
    numbers would overflow, and those of small ones would vanish.
    """
    _, exponents = np.frexp(np.abs(vectors).max(axis=1, keepdims=True, initial=0))
    # In two steps: single precision cannot hold the power of two that lifts the smallest numbers.
    halves = -exponents // 2
    scaled = np.ldexp(np.ldexp(vectors, halves), -exponents - halves)
    lengths = np.linalg.norm(scaled, axis=1, keepdims=True)
    return np.asarray(scaled / np.where(lengths == 0, 1, lengths), dtype=np.float32)
