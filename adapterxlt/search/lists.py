"""Searches FAISS's inverted lists list by list: one matrix product for all queries of a list.

FAISS takes one query after another, searches equally many lists for each, and compares a vector at
a time. With very many queries it is several times as fast to multiply each list with all the
queries that search it. In addition, a query that has found a close neighbour searches only lists
whose centroid is close too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import faiss
import numpy as np
import numpy.typing as npt
import torch

from adapterxlt.search.arrays import Floats, Ids
from adapterxlt.search.best import Best, Neighbours
from adapterxlt.search.clusters import centroids
from adapterxlt.search.int8 import products

# Approximate number of lists that a query searches at first.
FIRST = 8
# A list may hold a better neighbour if its centroid's product is at least this share of the best
# product so far. On vectors of sentences in many languages, 0.6 to 0.7 needed the fewest lists for
# the same recall, and 1 needed a fifth more.
SLOPE = 0.65
# Products of the same vectors that are computed in different ways differ by less than this.
CLOSE = 1e-5
# A slack so low that no list is searched. It is finite, so that infinity can be added to it.
NO_SLACK = -float(np.finfo(np.float32).max)

Codes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Effort:
    """Decides which lists a query searches.

    It first searches the lists whose centroid's product with the query lies at most `first` below
    that of the nearest centroid. It then searches those whose centroid's product is at least
    `SLOPE` times the best product found so far, less `slack`. If nothing was found, these are all.

    Args:
        nprobe: number of lists; used by FAISS's own search, which takes the nearest ones.
        first: how far below the nearest centroid's product the first lists may lie.
        slack: subtracted in the second search; the larger, the more lists.
    """

    nprobe: int = 1
    first: float = 0.0
    slack: float = NO_SLACK

    @property
    def array(self) -> npt.NDArray[np.float64]:
        """Its three numbers."""
        return np.array([self.nprobe, self.first, self.slack])

    @classmethod
    def restored(cls, array: npt.NDArray[np.float64]) -> Effort:
        """Make the effort from its three numbers."""
        return cls(int(array[0]), float(array[1]), float(array[2]))

    def begin(self, top: Floats) -> Floats:
        """Return [n] the least product of a centroid in the first search.

        `top` are the queries' products with their nearest centroids.
        """
        return np.asarray(top - np.float32(self.first))

    def then(self, reached: Floats) -> Floats:
        """Return [n] the least product of a centroid in the second search.

        `reached` are the best products found so far.
        """
        return np.asarray(np.float32(SLOPE) * reached - np.float32(self.slack))


def choose_effort(
    index: Any, queries: Floats, known: Floats, nearest: Floats, share: float
) -> tuple[Effort, float]:
    """Return the effort with which a share of the queries find their nearest vector.

    The second value is the share of lists that they search.

    Args:
        index: an index with all vectors, or with the first part of them.
        queries: [n, dim] a sample of queries.
        known: [n] products with the best neighbours known before the search.
        nearest: [n, dim] the nearest vector of each query.
        share: share of the queries that must find it, 0 to 1.
    """
    near = queries @ centroids(index).T
    top = near.max(axis=1)
    few = min(FIRST, index.nlist)
    first = float(np.median(top + np.partition(-near, few - 1, axis=1)[:, few - 1]))
    found = search_lists(index, queries, 1, Effort(first=first), known)[0][:, 0]
    reached = np.maximum(found, known)
    _, home = index.quantizer.search(nearest, 1)
    own = np.take_along_axis(near, home, axis=1)[:, 0]
    have = (own >= top - first) | (known >= np.einsum("nd,nd->n", queries, nearest) - CLOSE)
    needed = np.where(have, NO_SLACK, np.maximum(SLOPE * reached - own, NO_SLACK))
    slack = float(np.quantile(needed, min(share, 1.0), method="higher"))
    effort = Effort(first=first, slack=slack)
    looked = near >= np.minimum(effort.begin(top), effort.then(reached))[:, None]
    lists = max(1, round(float(looked.sum(axis=1).mean())))
    return replace(effort, nprobe=lists), float(looked.mean())


def search_lists(index: Any, queries: Floats, k: int, effort: Effort, known: Floats) -> Neighbours:
    """Find the `k` best vectors of each query in the lists that it searches, by inner product.

    Among equal scores the lower id comes first. If the lists hold fewer, the rest has score -inf
    and id -1. For 8-bit vectors, scores are those of the rounded vectors.

    Args:
        index: an `IndexIVFFlat`, or an `IndexIVFScalarQuantizer` of 8 bits and without residuals.
        queries: [n, dim] vectors.
        k: number of neighbours.
        effort: decides which lists are searched.
        known: [n] products with the best neighbours known before the search; -inf: none.
    """
    best = Best(len(queries), k)
    multiplier = _multiplier(index, queries)
    # [lists, n], so that the queries of a list are read at once. torch respects `in_threads`.
    near = torch.mm(torch.from_numpy(centroids(index)), torch.tensor(queries).t()).numpy()
    begin = effort.begin(near.max(axis=0))
    _look(index, multiplier, best, (row >= begin for row in near))
    then = effort.then(np.maximum(multiplier.product(best.scores[:, 0]), known))
    if (then < begin).any():
        _look(index, multiplier, best, ((row >= then) & (row < begin) for row in near))
    return multiplier.product(best.scores), best.ids


def _look(
    index: Any, multiplier: _Multiplier, best: Best, masks: Iterator[npt.NDArray[np.bool_]]
) -> None:
    """Search each list for the queries that its mask names."""
    for number, mask in enumerate(masks):
        rows = np.flatnonzero(mask)
        codes, ids = _content(index, number)
        if len(rows) and len(ids):
            best.offer(multiplier.multiply(rows, codes), rows, ids)
    best.settle()


@dataclass(frozen=True)
class _Multiplier:
    """Computes the scores of queries with the codes of a list, and inner products from scores.

    Args:
        multiply: takes rows of the queries and codes, and returns [rows, size] scores.
        factor: [n] the number by which each query's scores are multiplied.
        summand: [n] the number that is then added to give the inner product.
    """

    multiply: Callable[[Ids, Codes], npt.NDArray[Any]]
    factor: Floats
    summand: Floats

    def product(self, scores: Floats) -> Floats:
        """Turn scores [n] or [n, k] into inner products."""
        shape = (-1,) + (1,) * (scores.ndim - 1)
        return scores * self.factor.reshape(shape) + self.summand.reshape(shape)


def _multiplier(index: Any, queries: Floats) -> _Multiplier:
    """Return the multiplier for an index of plain vectors or of 8-bit ones.

    With 8 bits, a code c of dimension i stands for least_i + span_i (c + 1/2) / 255. The span is
    multiplied into the query, which is then rounded to 8 bits too, so that integers are multiplied.
    """
    dim, n = index.d, len(queries)
    if index.code_size == 4 * dim:
        return _Multiplier(
            lambda rows, codes: queries[rows] @ codes.view(np.float32).reshape(-1, dim).T,
            np.ones(n, np.float32),
            np.zeros(n, np.float32),
        )
    trained = faiss.vector_to_array(index.sq.trained)
    least, span = trained[:dim], trained[dim : 2 * dim]
    weighted = queries * (span / 255)
    unit = np.abs(weighted).max(axis=1) / 127
    unit[unit == 0] = 1
    rounded = np.rint(weighted / unit[:, None]).astype(np.int8)

    def multiply(rows: Ids, codes: Codes) -> npt.NDArray[Any]:
        signed = (codes ^ 0x80).view(np.int8).reshape(-1, dim)  # 0 ... 255 to -128 ... 127
        return products(rounded.take(rows, axis=0), signed)

    middle = (least + span * (128.5 / 255)).astype(np.float32)
    return _Multiplier(multiply, unit, queries @ middle)


def _content(index: Any, number: int) -> tuple[Codes, Ids]:
    """Return the codes [size * code size] and ids [size] of one list, as views."""
    lists = index.invlists
    size = lists.list_size(number)
    if not size:
        return np.empty(0, np.uint8), np.empty(0, np.int64)
    codes = faiss.rev_swig_ptr(lists.get_codes(number), size * lists.code_size)
    return codes, faiss.rev_swig_ptr(lists.get_ids(number), size)
