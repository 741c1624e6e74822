"""Transforms vectors before they are compared; fitted only on the given text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from adapterxlt.search.arrays import Floats, normalise
from adapterxlt.search.rows import ArrayRows, Rows
from adapterxlt.search.steady import steady_products
from adapterxlt.vectors.names import Transform

# Directions with less than this share of the largest variance are noise, and are not scaled up.
LEAST_VARIANCE = 1e-6
BLOCK = 8192
AT_ONCE = 1024


@dataclass(frozen=True)
class Fitted:
    """A transformation fitted on one side's text.

    Args:
        scale: whether vectors are scaled to length 1 at the end.
        mean: [dim] subtracted first; None: nothing.
        directions: [dim, dim] matrix that vectors are then multiplied with; None: none.
    """

    scale: bool
    mean: npt.NDArray[np.float64] | None = None
    directions: npt.NDArray[np.float64] | None = None

    def __call__(self, vectors: Floats) -> Floats:
        """Transform vectors [n, dim]."""
        ready: npt.NDArray[Any] = vectors
        if self.mean is not None:
            ready = vectors - self.mean
        if self.directions is not None:
            ready = np.concatenate(
                [
                    steady_products(ready[start : start + AT_ONCE], self.directions.T)
                    for start in range(0, len(ready), AT_ONCE)
                ]
            )
        return normalise(ready) if self.scale else np.ascontiguousarray(ready, dtype=np.float32)


def fit(rows: Rows, transform: Transform, scale: bool) -> Fitted:
    """Fit a transformation on one side, block by block.

    `centre` subtracts the mean of all. `whiten` then gives all principal directions the same
    variance without rotating (ZCA), so that two sides that are whitened separately stay
    comparable. With fewer vectors than dimensions, the empty directions stay empty.
    """
    if transform == "none":
        return Fitted(scale)
    n, dim = rows.shape
    total = np.zeros(dim)
    for start in range(0, n, BLOCK):
        total += rows.block(start, min(start + BLOCK, n)).sum(axis=0, dtype=np.float64)
    mean = total / n
    if transform == "centre":
        return Fitted(scale, mean)
    products = np.zeros((dim, dim))
    for start in range(0, n, BLOCK):
        centred = rows.block(start, min(start + BLOCK, n)) - mean
        products += centred.T @ centred
    values, vectors = np.linalg.eigh(products / n)
    kept = values > LEAST_VARIANCE * max(values[-1], np.finfo(np.float64).tiny)
    inverse = np.divide(1.0, np.sqrt(np.abs(values)), out=np.zeros_like(values), where=kept)
    return Fitted(scale, mean, (vectors * inverse) @ vectors.T)


def ready(vectors: Floats, transform: Transform, scale: bool, what: str = "vectors") -> Floats:
    """Return vectors [n, dim] of one side ready to be compared; `what` names them in errors."""
    return fit(ArrayRows(vectors, what), transform, scale)(vectors)


class ReadyRows:
    """Rows that are transformed block by block when they are read."""

    def __init__(self, rows: Rows, transform: Transform, scale: bool) -> None:
        self._rows, self._fitted = rows, fit(rows, transform, scale)
        self.shape = rows.shape

    def __len__(self) -> int:
        return len(self._rows)

    def block(self, start: int, stop: int) -> Floats:
        """Rows `start` to `stop`."""
        return self._fitted(self._rows.block(start, stop))

    def rows(self, ids: np.ndarray) -> Floats:
        """The rows of these numbers."""
        return self._fitted(self._rows.rows(ids))
