"""nDCG as in XGLUE's script, which uses scikit-learn: linear gain, ties are averaged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby


def ndcg(relevance: Sequence[float], scores: Sequence[float]) -> float:
    """Return the normalised discounted cumulative gain of one query's documents, 0 to 1.

    It equals `sklearn.metrics.ndcg_score`: the gain is the relevance itself, the discount of rank r
    (from 1) is 1 / log2(r + 1), and documents with equal scores share the mean of their gains. It
    is 0 if no document is relevant.

    Args:
        relevance: the true rating of each document, not negative.
        scores: the predicted score of each document.
    """
    discounts = [1 / math.log2(rank + 2) for rank in range(len(relevance))]
    best = sum(
        gain * discount
        for gain, discount in zip(sorted(relevance, reverse=True), discounts, strict=True)
    )
    if not best:
        return 0.0
    ranked = sorted(zip(scores, relevance, strict=True), key=lambda pair: -pair[0])
    total, rank = 0.0, 0
    for _, tied in groupby(ranked, key=lambda pair: pair[0]):
        gains = [gain for _, gain in tied]
        total += sum(gains) / len(gains) * sum(discounts[rank : rank + len(gains)])
        rank += len(gains)
    return total / best


def query_runs(queries: Sequence[str]) -> list[int]:
    """Return the number of each document's query; a new query begins where the text changes.

    This is how XGLUE's script counts: the same text further down is another query, and documents
    after an empty query belong to the empty one.
    """
    numbers: list[int] = []
    last = ""
    for query in queries:
        number = numbers[-1] if numbers else 0
        numbers.append(number + (query != last and last != ""))
        last = query
    return numbers


def mean_ndcg(
    queries: Sequence[str], relevance: Sequence[float], scores: Sequence[float]
) -> tuple[float, int]:
    """Return the mean nDCG over queries with at least two documents, and their number.

    Args:
        queries: the query text of each document; a query's documents follow each other.

    Returns:
        (0.0, 0) if no query has two documents.
    """
    values = list(by_query(query_runs(queries), relevance, scores).values())
    return (sum(values) / len(values) if values else 0.0), len(values)


def by_query(
    runs: Sequence[int], relevance: Sequence[float], scores: Sequence[float]
) -> dict[int, float]:
    """Return the nDCG of each query with at least two documents."""
    documents: dict[int, list[int]] = {}
    for document, number in enumerate(runs):
        documents.setdefault(number, []).append(document)
    return {
        number: ndcg([relevance[i] for i in found], [scores[i] for i in found])
        for number, found in documents.items()
        if len(found) > 1
    }
