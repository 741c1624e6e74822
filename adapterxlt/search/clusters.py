"""What the indexes of both directions share: centroids, and the encoding of vectors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import faiss
import numpy as np

from adapterxlt.search.arrays import Floats
from adapterxlt.search.rows import Rows

TRAINING = 40  # vectors per centroid; FAISS itself asks for 39
MOST_TRAINING = 1 << 20
ROUNDS = 6  # iterations of k-means
PQ_BYTES = 64


def centroids(index: Any) -> Floats:
    """Return the centroids [lists, dim] of an index of inverted lists."""
    return np.asarray(index.quantizer.reconstruct_n(0, index.nlist))


def train_clusters(name: str, sides: Sequence[Rows], seed: int) -> Any:
    """Train FAISS's index of inverted lists on equally many vectors of each side; it stays empty.

    Args:
        name: `ivf-flat`, `ivf-sq8` or `ivf-pq`.
        sides: vectors; there are about 4 sqrt(n) clusters for n vectors of the larger side.
        seed: seed of the sample and of k-means.
    """
    larger = max(map(len, sides))
    lists = max(1, min(int(4 * math.sqrt(larger)), larger // TRAINING or 1))
    wanted = min(MOST_TRAINING, max(TRAINING * lists, 10_000))
    rng = np.random.default_rng(seed)
    index = _empty(name, sides[0].shape[1], lists)
    index.cp.niter = ROUNDS
    index.cp.seed = 1234 + seed
    index.cp.min_points_per_centroid = 1  # a small side needs no warning
    sample = np.concatenate([_some(side, wanted // len(sides), rng) for side in sides])
    if name == "ivf-pq":
        index.pq.cp.min_points_per_centroid = 1
        # FAISS refuses fewer vectors than codes, so some vectors are repeated.
        sample = sample[np.arange(max(len(sample), index.pq.ksub)) % len(sample)]
    index.train(sample)
    return index


def probes_for(clusters: Any, queries: Floats, nearest: Floats, share: float) -> int:
    """Return how many lists to search so that a share of the queries find their nearest vector.

    Args:
        clusters: see `train_clusters`.
        queries: [n, dim] vectors.
        nearest: [n, dim] the nearest vector of each query.
        share: share of the queries that must find it, 0 to 1.
    """
    near = queries @ centroids(clusters).T
    _, home = clusters.quantizer.search(nearest, 1)
    ranks = 1 + (near > np.take_along_axis(near, home, axis=1)).sum(axis=1)
    return int(np.quantile(ranks, min(share, 1.0), method="higher"))


def _some(side: Rows, wanted: int, rng: np.random.Generator) -> Floats:
    chosen = rng.choice(len(side), min(len(side), wanted), replace=False)
    return side.rows(np.sort(chosen))


def _empty(name: str, dim: int, lists: int) -> Any:
    quantizer, metric = faiss.IndexFlatIP(dim), faiss.METRIC_INNER_PRODUCT
    if name == "ivf-flat":
        return faiss.IndexIVFFlat(quantizer, dim, lists, metric)
    if name == "ivf-sq8":
        scalar = faiss.ScalarQuantizer.QT_8bit
        return faiss.IndexIVFScalarQuantizer(quantizer, dim, lists, scalar, metric, False)
    parts = max(m for m in range(1, min(PQ_BYTES, dim // 4 or 1) + 1) if dim % m == 0)
    return faiss.IndexIVFPQ(quantizer, dim, lists, parts, 8, metric)
