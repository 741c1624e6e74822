"""What both directions' indexes share: centroids, and how vectors are kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import faiss
import numpy as np

from adapterxlt.search.arrays import Floats
from adapterxlt.search.rows import Rows

TRAINING = 40  # vectors a centroid; FAISS itself asks for 39
MOST_TRAINING = 1 << 20
ROUNDS = 6  # of k-means
PQ_BYTES = 64


def centroids(index: Any) -> Floats:
    """[lists, dim] of an index of inverted lists."""
    return np.asarray(index.quantizer.reconstruct_n(0, index.nlist))


def train_clusters(name: str, sides: Sequence[Rows], seed: int) -> Any:
    """FAISS's index of inverted lists, trained on as many vectors of each side, without any.

    Args:
        name: `ivf-flat`, `ivf-sq8` or `ivf-pq`.
        sides: vectors; there are about 4 sqrt(n) clusters, n those of the larger side.
        seed: of the sample and of k-means.
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
        # FAISS refuses fewer than there are codes: some are repeated then.
        sample = sample[np.arange(max(len(sample), index.pq.ksub)) % len(sample)]
    index.train(sample)
    return index


def probes_for(clusters: Any, queries: Floats, nearest: Floats, share: float) -> int:
    """How many lists each query must look into, for a share of them to find what is nearest.

    Args:
        clusters: see `train_clusters`.
        queries: [n, dim] vectors.
        nearest: [n, dim] the vector that each of them is to find.
        share: of the queries, 0 to 1.
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
