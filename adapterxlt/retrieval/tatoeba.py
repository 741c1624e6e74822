"""Tatoeba: which sentence is the translation?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from adapterxlt.errors import AdapterXLTError
from adapterxlt.retrieval.arrays import Floats, Ids
from adapterxlt.retrieval.exact import ROWS, ArrayRows, check_sides, exact_neighbours
from adapterxlt.retrieval.margin import Doubles

CSLS_NEIGHBOURS = 10


def tatoeba_scores(foreign: Floats, english: Floats, *, csls: bool = False) -> dict[str, float]:
    """How well translations are found on the other side, in percent.

    A translation's rank is one more than the number of sentences that score higher, or equal
    with a lower row.

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
    if len(foreign) != len(english):
        raise AdapterXLTError(
            f"{len(foreign)} foreign and {len(english)} English sentences are not aligned"
        )
    from_english, from_foreign = _ranks(english, foreign, csls)
    scores = _summary(from_english, "") | _summary(from_foreign, "_xx_en")
    scores["accuracy_both"] = (scores["accuracy"] + scores["accuracy_xx_en"]) / 2
    return scores


def tatoeba_predictions(foreign: Floats, english: Floats, *, csls: bool = False) -> Ids:
    """[n] the foreign row that each English sentence finds; the share of its own is `accuracy`.

    Args:
        foreign, english, csls: as of `tatoeba_scores`.
    """
    left, right, offsets = _sides(english, foreign, csls)
    blocks = _score_blocks(left.array, right.array, offsets[1])
    return np.concatenate([scores.argmax(axis=1) for _, scores in blocks])


def _summary(ranks: Ids, suffix: str) -> dict[str, float]:
    return {
        f"accuracy{suffix}": 100.0 * float(np.mean(ranks == 1)),
        f"p_at_5{suffix}": 100.0 * float(np.mean(ranks <= 5)),
        f"mrr{suffix}": 100.0 * float(np.mean(1.0 / ranks)),
    }


def _ranks(queries: Floats, base: Floats, csls: bool) -> tuple[Ids, Ids]:
    """Rank of row i for query i, and the other way round."""
    left, right, offsets = _sides(queries, base, csls)
    return (
        _one_way(left.array, right.array, offsets[1]),
        _one_way(right.array, left.array, offsets[0]),
    )


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


def _one_way(queries: Floats, base: Floats, offset: Doubles) -> Ids:
    ranks = np.empty(len(queries), dtype=np.int64)
    ids = np.arange(len(base))
    for rows, scores in _score_blocks(queries, base, offset):
        own = scores[np.arange(len(rows)), rows][:, None]
        before = (scores > own) | ((scores == own) & (ids < rows[:, None]))
        ranks[rows] = 1 + before.sum(axis=1)
    return ranks


def _score_blocks(queries: Floats, base: Floats, offset: Doubles) -> Iterator[tuple[Ids, Doubles]]:
    """Some queries' rows at a time, with their scores: [rows, len(base)]."""
    for start in range(0, len(queries), ROWS):
        rows = np.arange(start, min(start + ROWS, len(queries)))
        yield rows, (queries[rows] @ base.T).astype(np.float64) - offset
