"""Tatoeba: finds the translation of each sentence among all sentences of the other side."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adapterxlt.errors import AdapterXLTError
from adapterxlt.search.arrays import Floats, Ids
from adapterxlt.search.exact import ROWS, check_sides, exact_neighbours
from adapterxlt.search.rows import ArrayRows
from adapterxlt.search.steady import Doubles, pair_products, steady_products

CSLS_NEIGHBOURS = 10


def tatoeba_scores(foreign: Floats, english: Floats, *, csls: bool = False) -> dict[str, float]:
    """How well translations are found on the other side, in percent.

    A translation's rank is one more than the number of sentences that score higher, or equal
    with a lower row. A score depends on its two vectors alone (see `steady`).

    Args:
        foreign: [n, dim] vectors, row i the translation of row i of `english`.
        english: [n, dim] vectors.
        csls: score by 2 cos - r(query) - r(candidate) instead of the inner product. Here r is the
            mean cosine with the 10 nearest of the other side (Conneau et al. 2018).

    Returns:
        `accuracy` (P@1), `p_at_5` and `mrr` for English sentences searched among the foreign ones
        (XTREME's direction), the same with `_xx_en` for the other direction, and `accuracy_both`,
        the mean of both accuracies.

    Raises:
        AdapterXLTError: the sides are not aligned, differ in dimensions, or are not finite.
    """
    return rank_scores(*tatoeba_ranks(foreign, english, csls=csls))


def tatoeba_ranks(foreign: Floats, english: Floats, *, csls: bool = False) -> tuple[Ids, Ids]:
    """Return the rank of the translation of each English sentence, and of each foreign one.

    Args:
        foreign, english, csls: as in `tatoeba_scores`.

    Raises:
        AdapterXLTError: as `tatoeba_scores`.
    """
    if len(foreign) != len(english):
        raise AdapterXLTError(
            f"{len(foreign)} foreign and {len(english)} English sentences are not aligned"
        )
    return _ranks(english, foreign, csls)


def rank_scores(from_english: Ids, from_foreign: Ids) -> dict[str, float]:
    """Return the figures of `tatoeba_scores` for the ranks of both directions."""
    scores = _summary(from_english, "") | _summary(from_foreign, "_xx_en")
    scores["accuracy_both"] = (scores["accuracy"] + scores["accuracy_xx_en"]) / 2
    return scores


def tatoeba_predictions(foreign: Floats, english: Floats, *, csls: bool = False) -> Ids:
    """Return [n] the foreign row that each English sentence finds.

    `accuracy` is the share of sentences that find the row with their own number.

    Args:
        foreign, english, csls: as in `tatoeba_scores`.
    """
    left, right, offsets = _sides(english, foreign, csls)
    best, found = np.full(len(left), -np.inf), np.zeros(len(left), dtype=np.int64)
    for rows, columns, products in _blocks(left.array, right.array):
        scores = products - offsets[1][columns]
        place = scores.argmax(axis=1)
        highest = np.take_along_axis(scores, place[:, None], axis=1)[:, 0]
        better = highest > best[rows]
        best[rows] = np.where(better, highest, best[rows])
        found[rows] = np.where(better, columns[place], found[rows])
    return found


def _summary(ranks: Ids, suffix: str) -> dict[str, float]:
    return {
        f"accuracy{suffix}": 100.0 * float(np.mean(ranks == 1)),
        f"p_at_5{suffix}": 100.0 * float(np.mean(ranks <= 5)),
        f"mrr{suffix}": 100.0 * float(np.mean(1.0 / ranks)),
    }


def _ranks(queries: Floats, base: Floats, csls: bool) -> tuple[Ids, Ids]:
    """Return the rank of row i for query i, and of query i for row i."""
    left, right, offsets = _sides(queries, base, csls)
    own = pair_products(left.array, right.array).astype(np.float64)
    both = np.ones(len(own), dtype=np.int64), np.ones(len(own), dtype=np.int64)
    for rows, columns, products in _blocks(left.array, right.array):
        ways = ((products, rows, columns, offsets[1]), (products.T, columns, rows, offsets[0]))
        for ranks, (block, first, ids, offset) in zip(both, ways, strict=True):
            scores, wanted = block - offset[ids], (own - offset)[first, None]
            before = (scores > wanted) | ((scores == wanted) & (ids < first[:, None]))
            ranks[first] += before.sum(axis=1)
    return both


def _sides(
    queries: Floats, base: Floats, csls: bool
) -> tuple[ArrayRows, ArrayRows, tuple[Doubles, Doubles]]:
    """Check both sides; return them with what CSLS subtracts for each of their rows."""
    left, right = ArrayRows(queries, "English"), ArrayRows(base, "foreign")
    check_sides(left, right, 1)
    offsets = np.zeros(len(left)), np.zeros(len(right))
    if csls:
        forward, backward = exact_neighbours(left, right, CSLS_NEIGHBOURS)
        offsets = (
            forward[0].mean(axis=1, dtype=float) / 2,
            backward[0].mean(axis=1, dtype=float) / 2,
        )
    return left, right, offsets


def _blocks(queries: Floats, base: Floats) -> Iterator[tuple[Ids, Ids, Doubles]]:
    """Yield row numbers of queries, row numbers of the base, and the products of those rows."""
    for start in range(0, len(queries), ROWS):
        rows = np.arange(start, min(start + ROWS, len(queries)))
        for first in range(0, len(base), ROWS):
            columns = np.arange(first, min(first + ROWS, len(base)))
            yield rows, columns, steady_products(queries[rows], base[columns]).astype(np.float64)
