"""Outcomes of sentences and queries, from which their metrics are computed again.

Apart from the metrics themselves, which need no numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from adapterxlt.metrics.chunks import Chunk, Tags, chunks
from adapterxlt.metrics.ranking import by_query, query_runs


def chunk_counts(gold: Tags, predicted: Tags) -> dict[str, npt.NDArray[np.int64]]:
    """How many chunks of each sentence are `true`, `found`, or `both`.

    Args:
        gold, predicted: as of `chunk_scores`.
    """
    right, found = chunks(gold), chunks(predicted)
    starts = np.cumsum([0, *(len(tags) + 1 for tags in gold)])

    def count(some: set[Chunk]) -> npt.NDArray[np.int64]:
        firsts = np.array([first for _, first, _ in some], dtype=np.int64)
        sentences = np.searchsorted(starts, firsts, side="right") - 1
        return np.bincount(sentences, minlength=len(gold)).astype(np.int64)

    return {"true": count(right), "found": count(found), "both": count(right & found)}


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
    for number, value in by_query(runs, relevance, scores).items():
        first = runs.index(number)
        values[first], counts[first] = value, 1
    return {"ndcg": values, "queries": counts, "group": np.array(runs, dtype=np.int64)}
