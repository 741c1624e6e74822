"""Finds equal items: sentences with the same tokens, vectors with the same numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from adapterxlt.search.arrays import Ids
from adapterxlt.search.best import Neighbours
from adapterxlt.search.exact import ROWS
from adapterxlt.search.rows import Rows


def alike(items: Iterable[bytes | memoryview]) -> tuple[Ids, Ids]:
    """Return where each distinct item comes first, ascending, and a number for every item.

    Equal items have the same number. It is the place of their first one in the former list.
    """
    digests = b"".join(hashlib.blake2b(item, digest_size=16).digest() for item in items)
    _, first, number = np.unique(
        np.frombuffer(digests, dtype="V16"), return_index=True, return_inverse=True
    )
    order = np.argsort(first)
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    return first[order], place[number.reshape(-1)]


def alike_rows(rows: Rows) -> tuple[Ids, Ids]:
    """Return what `alike` finds for the rows of vectors."""
    blocks = (
        rows.block(start, min(start + ROWS, len(rows))) for start in range(0, len(rows), ROWS)
    )
    return alike(row.data for block in blocks for row in np.ascontiguousarray(block + 0))  # no -0.0


def spread(found: Neighbours, queries: Ids, base: Ids, k: int) -> Neighbours:
    """Turn neighbours among distinct rows into neighbours among all rows.

    Args:
        found: (scores [n, k'], numbers of distinct rows [n, k']) of distinct queries.
        queries: for every query, the number of its distinct query.
        base: for every row that was searched, the number of its distinct row.
        k: number of neighbours.
    """
    k = min(k, len(base))
    order = np.argsort(base, kind="stable")
    starts = np.searchsorted(base[order], np.arange(base.max() + 1))
    # For each distinct row the first k rows equal to it; -1 if there are fewer or none was found.
    place = starts[:, None] + np.arange(k)
    ends = np.append(starts[1:], len(base))[:, None]
    members = np.where(place < ends, order[np.minimum(place, len(base) - 1)], -1)
    members = np.concatenate([members, np.full((1, k), -1)])
    scores = np.empty((len(found[0]), k), np.float32)
    ids = np.empty(scores.shape, np.int64)
    for start in range(0, len(scores), ROWS):
        part = slice(start, start + ROWS)
        rows = members[found[1][part]].reshape(len(found[1][part]), -1)
        values = np.repeat(found[0][part], k, axis=1)
        values[rows < 0] = -np.inf
        best = np.lexsort((rows, -values), axis=1)[:, :k]
        scores[part], ids[part] = (np.take_along_axis(a, best, axis=1) for a in (values, rows))
    return scores[queries], ids[queries]
