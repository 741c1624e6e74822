"""The best neighbours so far, of many sentences at once."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from adapterxlt.search.arrays import Floats, Ids

Neighbours = tuple[Floats, Ids]

# Rows with a new candidate are copied out of a block if they are fewer than one row in `FEW`.
FEW = 4
# Number of candidates that are collected before they are sorted in.
MUCH = 1 << 16
# Number of candidates of one row that are sorted in at a time.
MOST = 8


class Best:
    """The k best candidates of each row so far: higher scores first, then lower ids.

    The result does not depend on the order in which candidates are given. Several threads may call
    `look` at the same time.

    Args:
        n: number of rows.
        k: number of candidates kept for each row; score -inf and id -1 where there are fewer.
    """

    def __init__(self, n: int, k: int) -> None:
        self.k = k
        self.scores = np.full((n, k), -np.inf, dtype=np.float32)
        self.ids = np.full((n, k), -1, dtype=np.int64)
        self._lock = Lock()
        self._waiting: list[tuple[Ids, Ids, Floats]] = []
        self._much = 0

    @property
    def arrays(self) -> Neighbours:
        """Scores and ids, [n, k] each."""
        return self.scores, self.ids

    def look(self, block: Floats, row: int, column: int) -> None:
        """Take candidates from a block of products whose first row and column are given."""
        with self._lock:
            least, last = (all_[row : row + len(block), -1].copy() for all_ in self.arrays)
        # An equal score counts if its id may be the lower one. Another thread may add candidates
        # meanwhile, which can only raise the limit.
        least = np.where(last > column, np.nextafter(least, np.float32(-np.inf)), least)
        # After some blocks, most rows contain no better candidate.
        hit = np.flatnonzero(block.max(axis=1) > least)
        if FEW * len(hit) < len(block):
            rows, columns = _where(_rows_of(block, hit) > least[hit, None])
            rows = hit[rows]
        else:
            good = block > least[:, None]
            if least[0] == -np.inf and block.shape[1] > self.k:
                good &= block >= self._kth(block)
            rows, columns = _where(good)
        self.add(rows + row, columns + column, block[rows, columns])

    def offer(self, block: npt.NDArray[Any], rows: Ids, ids: Ids) -> None:
        """Take candidates from products [rows, ids], which may come in any order.

        They are collected, and sorted in when there are `MUCH` of them or after `settle`.

        Args:
            block: [len(rows), len(ids)] products, floats or integers.
            rows: number of the row of each line of the block; all differ.
            ids: ids of the columns; a row must meet each id only once.
        """
        least = self.scores[rows, -1]
        hit = np.flatnonzero(block.max(axis=1) >= least)
        block, rows, least = block.take(hit, axis=0), rows[hit], least[hit]
        good = block >= least[:, None]
        if block.shape[1] > self.k and (new := least == -np.inf).any():
            good[new] &= block[new] >= self._kth(block[new])
        first, second = np.divmod(np.flatnonzero(good), good.shape[1])
        self._waiting.append((rows[first], ids[second], block[first, second].astype(np.float32)))
        self._much += len(first)
        if self._much > MUCH:
            self.settle()

    def settle(self) -> None:
        """Sort in all candidates that `offer` has collected."""
        if self._much:
            rows, ids, scores = (
                np.concatenate(parts) for parts in zip(*self._waiting, strict=True)
            )
            self.add(rows, ids, scores)
        self._waiting, self._much = [], 0

    def _kth(self, block: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return [rows, 1] the k-th best of each row; lower values cannot be among its best."""
        laid = np.ascontiguousarray(block)
        place = block.shape[1] - self.k
        return np.asarray(np.partition(laid, place, axis=1)[:, place, None])

    def add(self, rows: Ids, ids: Ids, scores: Floats) -> None:
        """Sort in candidates, given as [m] rows, ids and scores; no pair may come twice."""
        order = np.argsort(rows, kind="stable")
        rows, coded = rows[order], _coded(scores[order], ids[order])
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        # The number of each candidate within its row.
        place = np.arange(len(rows)) - np.repeat(starts, np.diff(starts, append=len(rows)))
        while len(rows):
            now = place < MOST
            touched = rows[now & (place == 0)]
            width = int(place[now].max()) + 1
            table = np.full((len(touched), self.k + width), _NOTHING)
            table[np.cumsum(place[now] == 0) - 1, self.k + place[now]] = coded[now]
            with self._lock:
                table[:, : self.k] = _coded(self.scores[touched], self.ids[touched])
                table.sort(axis=1)
                self.scores[touched], self.ids[touched] = _decoded(table[:, : self.k])
            rows, coded, place = rows[~now], coded[~now], place[~now] - MOST


def _rows_of(block: Floats, rows: Ids) -> Floats:
    """Return some rows of a block, in the same memory layout as the block."""
    return block[rows] if block.flags.c_contiguous else np.take(block.T, rows, axis=1).T


def _where(good: npt.NDArray[np.bool_]) -> tuple[Ids, Ids]:
    """Return rows and columns of true values, read in memory order, which is faster."""
    if good.flags.c_contiguous:
        rows, columns = np.divmod(np.flatnonzero(good), good.shape[1])
    else:
        columns, rows = np.divmod(np.flatnonzero(good.T), good.shape[0])
    return rows, columns


def _coded(scores: Floats, ids: Ids) -> Ids:
    """Return integers in the order of (higher score, lower id), so that sorting needs one key.

    The bits of floats of one sign have the same order as integers. An id has 32 bits; -1 comes
    last.
    """
    bits = (scores + np.float32(0)).view(np.int32)  # + 0: -0.0 is 0.0
    return (~_rising(bits).astype(np.int64) << 32) | (ids & 0xFFFFFFFF)


def _decoded(coded: Ids) -> Neighbours:
    """Return the scores and ids that `_coded` has packed."""
    scores = _rising(~(coded >> 32).astype(np.int32)).view(np.float32)
    return scores, coded.astype(np.int32).astype(np.int64)


def _rising(bits: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Turn the bits of floats into integers of the same order, or back."""
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)


_NOTHING = _coded(np.array([-np.inf], np.float32), np.array([-1]))[0]
