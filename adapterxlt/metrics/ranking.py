"""nDCG as XGLUE's script takes it from scikit-learn: linear gain, ties averaged."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt


def ndcg(relevance: Sequence[float], scores: Sequence[float]) -> float:
    """Normalised discounted cumulative gain of one query's documents, 0 to 1.

    As `sklearn.metrics.ndcg_score`: the gain is the relevance itself, the discount of rank r
    (from 1) is 1 / log2(r + 1), and documents of equal score share the mean of their gains. 0 if
    no document is relevant.

    Args:
        relevance: the true rating of each document, not negative.
        scores: the predicted ones.
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
    """The number of each document's query: a new one wherever the query's text changes.

    As XGLUE's script counts: the same query further down is another one, and what follows an
    empty query belongs to it.
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
    """Mean nDCG over the queries of at least two documents, and how many these are.

    Args:
        queries: the query text of each document, documents of a query on end.

    Returns:
        (0.0, 0) if no query has two documents.
    """
    values = list(_by_query(query_runs(queries), relevance, scores).values())
    return (sum(values) / len(values) if values else 0.0), len(values)


def query_columns(
    queries: Sequence[str], relevance: Sequence[float], scores: Sequence[float]
) -> dict[str, npt.NDArray[Any]]:
    """The same as outcomes: `ndcg` and 1 in `queries` at the first document of each query that
    counts, and in `group` the number of the query.

    Args:
        queries, relevance, scores: as of `mean_ndcg`.
    """
    runs = query_runs(queries)
    values, counts = np.zeros(len(runs)), np.zeros(len(runs), dtype=np.int64)
    for number, value in _by_query(runs, relevance, scores).items():
        first = runs.index(number)
        values[first], counts[first] = value, 1
    return {"ndcg": values, "queries": counts, "group": np.array(runs, dtype=np.int64)}


def _by_query(
    runs: Sequence[int], relevance: Sequence[float], scores: Sequence[float]
) -> dict[int, float]:
    """The nDCG of each query of at least two documents."""
    documents: dict[int, list[int]] = {}
    for document, number in enumerate(runs):
        documents.setdefault(number, []).append(document)
    return {
        number: ndcg([relevance[i] for i in found], [scores[i] for i in found])
        for number, found in documents.items()
        if len(found) > 1
    }
