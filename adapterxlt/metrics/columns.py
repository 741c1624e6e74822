"""Outcomes of sentences and queries, from which their metrics can be computed again.

They are kept apart from the metrics themselves, which do not need numpy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from adapterxlt.metrics.chunks import Chunk, Tags, chunks
from adapterxlt.metrics.ranking import by_query, query_runs


def chunk_counts(gold: Tags, predicted: Tags) -> dict[str, npt.NDArray[np.int64]]:
    """Count the chunks of each sentence: `true` ones, `found` ones, and `both`.

    Args:
        gold, predicted: as in `chunk_scores`.
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
    """Return the columns from which `mean_ndcg` can be computed, with one value per document.

    The first document of each query that counts has its `ndcg`, and 1 in `queries`. `group` is the
    number of the query.

    Args:
        queries, relevance, scores: as in `mean_ndcg`.
    """
    runs = query_runs(queries)
    values, counts = np.zeros(len(runs)), np.zeros(len(runs), dtype=np.int64)
    for number, value in by_query(runs, relevance, scores).items():
        first = runs.index(number)
        values[first], counts[first] = value, 1
    return {"ndcg": values, "queries": counts, "group": np.array(runs, dtype=np.int64)}
