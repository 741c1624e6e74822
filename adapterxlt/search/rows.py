"""Vectors as a search reads them: block by block, or by row numbers."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from adapterxlt.search.arrays import Floats, Ids, check_vectors


class Rows(Protocol):
    """Vectors that can be read in blocks: an array in memory, or a file."""

    @property
    def shape(self) -> tuple[int, int]: ...

    def __len__(self) -> int: ...

    def block(self, start: int, stop: int) -> Floats:
        """Rows `start` to `stop`, float32."""

    def rows(self, ids: np.ndarray) -> Floats:
        """Return the rows with these numbers, float32."""


class ArrayRows:
    """An array as `Rows`."""

    def __init__(self, array: Floats, what: str = "vectors") -> None:
        self.array = check_vectors(array, what)
        self.shape: tuple[int, int] = (self.array.shape[0], self.array.shape[1])

    def __len__(self) -> int:
        return len(self.array)

    def block(self, start: int, stop: int) -> Floats:
        """Rows `start` to `stop`, a view."""
        return self.array[start:stop]

    def rows(self, ids: np.ndarray) -> Floats:
        """The rows of these numbers."""
        return np.asarray(self.array[ids])


class Picked:
    """A selection of the rows of other `Rows`, in any order.

    Args:
        rows: the rows to select from.
        ids: [n] numbers of the selected rows.
    """

    def __init__(self, rows: Rows, ids: Ids) -> None:
        self._rows, self._ids = rows, ids
        self.shape: tuple[int, int] = (len(ids), rows.shape[1])

    def __len__(self) -> int:
        return len(self._ids)

    def block(self, start: int, stop: int) -> Floats:
        """Rows `start` to `stop`."""
        return self._rows.rows(self._ids[start:stop])

    def rows(self, ids: np.ndarray) -> Floats:
        """The rows of these numbers."""
        return self._rows.rows(self._ids[ids])
