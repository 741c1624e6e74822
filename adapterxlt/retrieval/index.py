"""Exact nearest neighbours by inner product (FAISS), made reproducible."""

from __future__ import annotations

import faiss
import numpy as np
import numpy.typing as npt

from adapterxlt.errors import AdapterXLTError

Floats = npt.NDArray[np.float32]
Ids = npt.NDArray[np.int64]

# FAISS's scores depend in their last bits on how many queries come at once: always as many.
QUERY_BLOCK = 1024


def search(queries: Floats, base: Floats, k: int) -> tuple[Floats, Ids]:
    """The `k` vectors of `base` with the largest inner product with each query.

    Among equal scores the lower id comes first, also at the end of the list. `k` is clipped to
    the size of `base`.

    Returns:
        scores [n, k], descending, and row numbers of `base` [n, k].

    Raises:
        AdapterXLTError: other dimensions, no vectors, or values that are not finite.
    """
    queries, base = check_vectors(queries, "queries"), check_vectors(base, "base")
    if queries.shape[1] != base.shape[1]:
        raise AdapterXLTError(
            f"query vectors have {queries.shape[1]} dimensions, base vectors {base.shape[1]}",
            hint="both sides must be encoded by the same model at the same layer",
        )
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")
    k = min(k, len(base))
    index = faiss.IndexFlatIP(base.shape[1])
    index.add(base)
    scores = np.empty((len(queries), k), dtype=np.float32)
    ids = np.empty((len(queries), k), dtype=np.int64)
    for start in range(0, len(queries), QUERY_BLOCK):
        block = slice(start, start + QUERY_BLOCK)
        scores[block], ids[block] = _search_block(index, queries[block], k, k + 1)
    return scores, ids


def check_vectors(vectors: Floats, what: str) -> Floats:
    """The vectors as contiguous float32 [n, dim]; refused when empty or not finite."""
    vectors = np.ascontiguousarray(vectors, dtype=np.float32)
    if vectors.ndim != 2 or not vectors.size:
        raise AdapterXLTError(f"no vectors to search: the {what} have shape {vectors.shape}")
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        raise AdapterXLTError(
            f"{int((~finite).sum())} of {len(vectors)} vectors hold NaN or infinity "
            f"({what}, first at row {int(np.argmin(finite))})",
            hint="the model that made them has diverged, or its precision is too low",
        )
    return vectors


def normalise(vectors: Floats) -> Floats:
    """Vectors of length 1 [n, dim]; a zero vector stays as it is."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths == 0, 1, lengths), dtype=np.float32)


def _search_block(
    index: faiss.IndexFlatIP, queries: Floats, k: int, fetch: int
) -> tuple[Floats, Ids]:
    # FAISS keeps any of the candidates that tie for the last place. So ask for one more than
    # needed, and for ever more where the tie goes on.
    fetch = min(fetch, index.ntotal)
    scores, ids = index.search(queries, fetch)
    order = np.lexsort((ids, -scores), axis=1)[:, :k]
    last = scores[:, -1]
    scores = np.take_along_axis(scores, order, axis=1)
    ids = np.take_along_axis(ids, order, axis=1)
    if fetch < index.ntotal:
        tied = np.flatnonzero(last == scores[:, -1])
        if len(tied):
            scores[tied], ids[tied] = _search_block(index, queries[tied], k, 4 * fetch)
    return scores, ids
