"""The best neighbours so far, of many sentences at once."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from adapterxlt.search.arrays import Floats, Ids

Neighbours = tuple[Floats, Ids]

# Rows with something new are picked out of a block if they are fewer than one in so many.
FEW = 4
# Candidates that are sorted in together.
MUCH = 1 << 16
# Of one row at a time.
MOST = 8


class Best:
    """The best k of each row so far: the higher score, among equal ones the lower id.

    What is left at the end is the same in whichever order it was shown. Threads may `look` at the
    same time.

    Args:
        n: rows.
        k: kept of each; score -inf and id -1 as long as there are fewer.
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
        """Take what is good enough out of products whose corner is (row, column)."""
        with self._lock:
            least, last = (all_[row : row + len(block), -1].copy() for all_ in self.arrays)
        # An equal score counts where its id may be the lower one. What another thread adds in the
        # meantime can only raise what is good enough.
        least = np.where(last > column, np.nextafter(least, np.float32(-np.inf)), least)
        # Most rows have nothing better to offer, once some blocks were looked at.
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
        """Take what is good enough out of products [rows, ids], which may come in any order.

        What is taken counts once there is much of it, or after `settle`.

        Args:
            block: [len(rows), len(ids)] products, floats or integers.
            rows: different ones.
            ids: of the columns; each comes once to a row.
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
        """Count what was taken out of offers."""
        if self._much:
            rows, ids, scores = (
                np.concatenate(parts) for parts in zip(*self._waiting, strict=True)
            )
            self.add(rows, ids, scores)
        self._waiting, self._much = [], 0

    def _kth(self, block: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """[rows, 1] the k-th best of each row: what lies below is not among its best."""
        laid = np.ascontiguousarray(block)
        place = block.shape[1] - self.k
        return np.asarray(np.partition(laid, place, axis=1)[:, place, None])

    def add(self, rows: Ids, ids: Ids, scores: Floats) -> None:
        """Count candidates: [m] rows, ids and scores, no pair twice."""
        order = np.argsort(rows, kind="stable")
        rows, coded = rows[order], _coded(scores[order], ids[order])
        starts = np.flatnonzero(np.diff(rows, prepend=-1))
        # Which one of its row a candidate is.
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
    """Some rows, that lie in memory as the block does."""
    return block[rows] if block.flags.c_contiguous else np.take(block.T, rows, axis=1).T


def _where(good: npt.NDArray[np.bool_]) -> tuple[Ids, Ids]:
    """Rows and columns of what is true; read as it lies in memory, which is faster."""
    if good.flags.c_contiguous:
        rows, columns = np.divmod(np.flatnonzero(good), good.shape[1])
    else:
        columns, rows = np.divmod(np.flatnonzero(good.T), good.shape[0])
    return rows, columns


def _coded(scores: Floats, ids: Ids) -> Ids:
    """Integers that order as (higher score, lower id) does, so that sorting needs one key.

    The bits of floats of one sign order as integers do. An id has 32 bits; -1 comes last.
    """
    bits = (scores + np.float32(0)).view(np.int32)  # + 0: -0.0 is 0.0
    return (~_rising(bits).astype(np.int64) << 32) | (ids & 0xFFFFFFFF)


def _decoded(coded: Ids) -> Neighbours:
    """Scores and ids."""
    scores = _rising(~(coded >> 32).astype(np.int32)).view(np.float32)
    return scores, coded.astype(np.int32).astype(np.int64)


def _rising(bits: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """The bits of floats as integers that rise as those do, or back."""
    return bits ^ ((bits >> 31) & 0x7FFFFFFF)


_NOTHING = _coded(np.array([-np.inf], np.float32), np.array([-1]))[0]
