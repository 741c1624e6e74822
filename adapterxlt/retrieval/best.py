"""The best neighbours so far, of many sentences at once."""

from __future__ import annotations

import numpy as np

from adapterxlt.retrieval.arrays import Floats, Ids

Neighbours = tuple[Floats, Ids]


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

    @property
    def arrays(self) -> Neighbours:
        """Scores and ids, [n, k] each."""
        return self.scores, self.ids

    def look(self, block: Floats, row: int, column: int) -> None:
        """Take what is good enough out of products whose corner is (row, column).

        Blocks of a row must come with ascending columns.
        """
        least = self.scores[row : row + len(block), -1]
        # An equal score with a higher id never replaces one that is there: `>`, not `>=`.
        good = block > least[:, None]
        if least[0] == -np.inf and block.shape[1] > self.k:
            good &= block >= self._kth(block)
        # Whichever way the block lies in memory, read it that way.
        if good.flags.c_contiguous:
            rows, columns = np.divmod(np.flatnonzero(good), good.shape[1])
        else:
            columns, rows = np.divmod(np.flatnonzero(good.T), good.shape[0])
        self._merge(rows + row, columns + column, block[rows, columns])

    def look_at(self, block: Floats, rows: Ids, ids: Ids) -> None:
        """Take what is good enough out of products [rows, ids], which may come in any order.

        Args:
            block: [len(rows), len(ids)] products.
            rows: different ones.
            ids: of the columns.
        """
        least = self.scores[rows, -1]
        good = block >= least[:, None]
        new = least == -np.inf
        if new.any() and block.shape[1] > self.k:
            good[new] &= block[new] >= self._kth(block[new])
        first, second = np.divmod(np.flatnonzero(good), good.shape[1])
        self._merge(rows[first], ids[second], block[first, second])

    def _kth(self, block: Floats) -> Floats:
        """[rows, 1] the k-th best of each row: what lies below is not among its best."""
        laid = np.ascontiguousarray(block)
        place = block.shape[1] - self.k
        return np.asarray(np.partition(laid, place, axis=1)[:, place, None])

    def _merge(self, rows: Ids, ids: Ids, scores: Floats) -> None:
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
