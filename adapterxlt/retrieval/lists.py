"""Search of FAISS's inverted lists, list by list: one matrix product for all that look into it.

FAISS goes through the lists of one query after another, a vector at a time. For very many queries
at once each list is rather multiplied with all queries that look into it: matrix products reach
several times the speed.
"""

from __future__ import annotations

from typing import Any

import faiss
import numpy as np

from adapterxlt.retrieval.arrays import Floats, Ids
from adapterxlt.retrieval.best import Best, Neighbours


def search_lists(index: Any, queries: Floats, k: int) -> Neighbours:
    """The `k` best vectors of each query in its `nprobe` nearest lists, by inner product.

    Equal scores: the lower id first. Where the lists hold fewer, the rest has score -inf and id -1.

    Args:
        index: an `IndexIVFFlat`.
        queries: [n, dim] vectors.
        k: neighbours.
    """
    best = Best(len(queries), k)
    _, probes = index.quantizer.search(queries, index.nprobe)
    # The nearest list first: what it holds is hard to beat, and little of the others gets in.
    for part in (probes[:, :1], probes[:, 1:]):
        for number, rows in _by_list(part):
            vectors, ids = _content(index, number)
            if len(ids):
                best.look_at(queries[rows] @ vectors.T, rows, ids)
    return best.arrays


def _by_list(probes: Ids) -> list[tuple[int, Ids]]:
    """Lists that any query looks into, ascending, and the rows of these queries."""
    if not probes.size:
        return []
    flat = probes.ravel()
    order = np.argsort(flat, kind="stable")
    numbers, starts = np.unique(flat[order], return_index=True)
    rows = np.split(order // probes.shape[1], starts[1:])
    return [
        (number, part) for number, part in zip(numbers.tolist(), rows, strict=True) if number >= 0
    ]


def _content(index: Any, number: int) -> tuple[Floats, Ids]:
    """Vectors [size, dim] and ids [size] of one list, as views."""
    lists = index.invlists
    size = lists.list_size(number)
    if not size:
        return np.empty((0, index.d), np.float32), np.empty(0, np.int64)
    codes = faiss.rev_swig_ptr(lists.get_codes(number), size * lists.code_size)
    ids = faiss.rev_swig_ptr(lists.get_ids(number), size)
    return codes.view(np.float32).reshape(size, index.d), ids


def probes_for(index: Any, queries: Floats, nearest: Floats, share: float) -> int:
    """How many lists must be looked into to find the nearest vector of a share of the queries.

    Args:
        index: any index of inverted lists.
        queries: [n, dim] vectors.
        nearest: [n, dim] the vector that each of them is to find.
        share: of the queries, 0 to 1.
    """
    centroids = index.quantizer.reconstruct_n(0, index.nlist)
    _, home = index.quantizer.search(nearest, 1)
    scores = queries @ centroids.T
    own = np.take_along_axis(scores, home, axis=1)
    ranks = 1 + (scores > own).sum(axis=1)
    return int(np.quantile(ranks, min(share, 1.0), method="higher"))
