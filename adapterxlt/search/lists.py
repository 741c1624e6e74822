"""Search of FAISS's inverted lists, list by list: one matrix product for all that look into it.

FAISS goes through the lists of one query after another, a vector at a time, and looks into equally
many lists for each. For very many queries at once each list is rather multiplied with all queries
that look into it: matrix products reach several times the speed. And a query that has found a
close neighbour looks only into lists whose centroid is close too.
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

# Lists that a query looks into at first, about.
FIRST = 8
# Share of a product that a centroid must reach to promise a better one. On vectors of sentences in
# many languages 0.6 to 0.7 took the fewest lists for the same recall, 1 a fifth more.
SLOPE = 0.65
# Products of the same vectors, computed in another way, differ by less.
CLOSE = 1e-5
# A slack that no list is within. Finite, so that what is added to it may be infinite.
NO_SLACK = -float(np.finfo(np.float32).max)

Codes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Effort:
    """Which lists queries look into.

    At first those whose centroid's product with the query lies at most `first` below that of the
    nearest one; then those where it is at least `SLOPE` of the best product found so far, less
    `slack`: all, where nothing was found.

    Args:
        nprobe: how many that are; FAISS's own search takes so many nearest ones instead.
        first: as said.
        slack: as said; the larger, the more lists.
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
        """The effort of these three numbers."""
        return cls(int(array[0]), float(array[1]), float(array[2]))

    def begin(self, top: Floats) -> Floats:
        """[n] what products with centroids must reach at first; `top`: with the nearest ones."""
        return np.asarray(top - np.float32(self.first))

    def then(self, reached: Floats) -> Floats:
        """[n] what they must reach then; `reached`: the best products found so far."""
        return np.asarray(np.float32(SLOPE) * reached - np.float32(self.slack))


def choose_effort(
    index: Any, queries: Floats, known: Floats, nearest: Floats, share: float
) -> tuple[Effort, float]:
    """What finds the nearest vector of a share of the queries, and the share of lists it takes.

    Args:
        index: with all vectors, or those of the first part of them.
        queries: [n, dim] a sample.
        known: [n] products with the best neighbours that are known before the search.
        nearest: [n, dim] the vector that each of them is to find.
        share: of the queries, 0 to 1.
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
    """The `k` best vectors of each query in the lists it looks into, by inner product.

    Equal scores: the lower id first. Where the lists hold fewer, the rest has score -inf and id -1.
    Of 8-bit vectors scores are those of the rounded ones.

    Args:
        index: an `IndexIVFFlat`, or an `IndexIVFScalarQuantizer` of 8 bits and without residuals.
        queries: [n, dim] vectors.
        k: neighbours.
        effort: which lists.
        known: [n] products with the best neighbours that are known before; -inf: none.
    """
    best = Best(len(queries), k)
    multiplier = _multiplier(index, queries)
    # [lists, n]: the queries of a list are read at once. By torch, which heeds `in_threads`.
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
    """Look into each list for the queries that its mask names."""
    for number, mask in enumerate(masks):
        rows = np.flatnonzero(mask)
        codes, ids = _content(index, number)
        if len(rows) and len(ids):
            best.offer(multiplier.multiply(rows, codes), rows, ids)
    best.settle()


@dataclass(frozen=True)
class _Multiplier:
    """Scores of some queries with the codes of a list.

    Args:
        multiply: of rows of the queries and codes: [rows, size] scores.
        factor: [n] what makes an inner product of a query's score.
        summand: [n] what is added then.
    """

    multiply: Callable[[Ids, Codes], npt.NDArray[Any]]
    factor: Floats
    summand: Floats

    def product(self, scores: Floats) -> Floats:
        """Inner products of scores [n] or [n, k]."""
        shape = (-1,) + (1,) * (scores.ndim - 1)
        return scores * self.factor.reshape(shape) + self.summand.reshape(shape)


def _multiplier(index: Any, queries: Floats) -> _Multiplier:
    """For vectors as they are, or of 8 bits.

    There a code c of dimension i stands for least_i + span_i (c + 1/2) / 255. The span goes into
    the query, which is then rounded to 8 bits too, so that integers are multiplied.
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
    """Codes [size * code size] and ids [size] of one list, as views."""
    lists = index.invlists
    size = lists.list_size(number)
    if not size:
        return np.empty(0, np.uint8), np.empty(0, np.int64)
    codes = faiss.rev_swig_ptr(lists.get_codes(number), size * lists.code_size)
    return codes, faiss.rev_swig_ptr(lists.get_ids(number), size)
