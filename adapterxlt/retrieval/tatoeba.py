"""Tatoeba: which sentence is the translation?"""

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
        csls: score by 2 cos - r(query) - r(candidate), r the mean cosine with the 10 nearest of
            the other side (Conneau et al. 2018), instead of the inner product.

    Returns:
        `accuracy` (P@1), `p_at_5` and `mrr` of English sentences that look among the foreign ones
        (XTREME's direction), the same with `_xx_en` of the other direction, and `accuracy_both`,
        the mean of both accuracies.

    Raises:
        AdapterXLTError: sides that are not aligned, of other dimensions, or not finite.
    """
    return rank_scores(*tatoeba_ranks(foreign, english, csls=csls))


def tatoeba_ranks(foreign: Floats, english: Floats, *, csls: bool = False) -> tuple[Ids, Ids]:
    """The rank of its translation for each English sentence, and for each foreign one.

    Args:
        foreign, english, csls: as of `tatoeba_scores`.

    Raises:
        AdapterXLTError: as `tatoeba_scores`.
    """
    if len(foreign) != len(english):
        raise AdapterXLTError(
            f"{len(foreign)} foreign and {len(english)} English sentences are not aligned"
        )
    return _ranks(english, foreign, csls)


def rank_scores(from_english: Ids, from_foreign: Ids) -> dict[str, float]:
    """What `tatoeba_scores` says of such ranks."""
    scores = _summary(from_english, "") | _summary(from_foreign, "_xx_en")
    scores["accuracy_both"] = (scores["accuracy"] + scores["accuracy_xx_en"]) / 2
    return scores


def tatoeba_predictions(foreign: Floats, english: Floats, *, csls: bool = False) -> Ids:
    """[n] the foreign row that each English sentence finds; the share of its own is `accuracy`.

    Args:
        foreign, english, csls: as of `tatoeba_scores`.
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
    """Rank of row i for query i, and the other way round."""
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
    """Both sides, checked, and what CSLS takes off the scores of each one's rows."""
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
    """Rows of the queries, rows of the base, and their products."""
    for start in range(0, len(queries), ROWS):
        rows = np.arange(start, min(start + ROWS, len(queries)))
        for first in range(0, len(base), ROWS):
            columns = np.arange(first, min(first + ROWS, len(base)))
            yield rows, columns, steady_products(queries[rows], base[columns]).astype(np.float64)
