"""The best neighbours so far, of many sentences at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from adapterxlt.retrieval.arrays import Floats, Ids

Neighbours = tuple[Floats, Ids]

# Rows with something new are picked out of a block if they are fewer than one in so many.
FEW = 32
# Candidates that are sorted in together.
MUCH = 1 << 16


class Best:
    """The best k of each row so far: the higher score, among equal ones the lower id.

    Args:
        n: rows.
        k: kept of each; score -inf and id -1 as long as there are fewer.
    """

    def __init__(self, n: int, k: int) -> None:
        self.k = k
        self.scores = np.full((n, k), -np.inf, dtype=np.float32)
        self.ids = np.full((n, k), -1, dtype=np.int64)
        self._waiting: list[tuple[Ids, Ids, Floats]] = []
        self._much = 0

    @property
    def arrays(self) -> Neighbours:
        """Scores and ids, [n, k] each."""
        return self.scores, self.ids

    def look(self, block: Floats, row: int, column: int) -> None:
        """Take what is good enough out of products whose corner is (row, column).

        Blocks of a row must come with ascending columns.
        """
        least = self.scores[row : row + len(block), -1]
        # Most rows have nothing better to offer, once some blocks were looked at. An equal score
        # with a higher id never replaces one that is there: `>`, not `>=`.
        hit = np.flatnonzero(block.max(axis=1) > least)
        if FEW * len(hit) < len(block):
            part = np.ascontiguousarray(block[hit])
            rows, columns = np.divmod(np.flatnonzero(part > least[hit, None]), part.shape[1])
            self.add(hit[rows] + row, columns + column, part[rows, columns])
            return
        good = block > least[:, None]
        if least[0] == -np.inf and block.shape[1] > self.k:
            good &= block >= self._kth(block)
        # Whichever way the block lies in memory, read it that way.
        if good.flags.c_contiguous:
            rows, columns = np.divmod(np.flatnonzero(good), good.shape[1])
        else:
            columns, rows = np.divmod(np.flatnonzero(good.T), good.shape[0])
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
        block, rows, least = block[hit], rows[hit], least[hit]
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
        if not len(rows):
            return
        touched, group = np.unique(rows, return_inverse=True)
        k = self.k
        group = np.concatenate([np.repeat(np.arange(len(touched)), k), group])
        scores = np.concatenate([self.scores[touched].ravel(), scores])
        ids = np.concatenate([self.ids[touched].ravel(), ids])
        order = np.lexsort((ids, -scores, group))
        group = group[order]
        first = np.searchsorted(group, np.arange(len(touched)))
        kept = order[(first[:, None] + np.arange(k)).ravel()]
        self.scores[touched] = scores[kept].reshape(-1, k)
        self.ids[touched] = ids[kept].reshape(-1, k)
