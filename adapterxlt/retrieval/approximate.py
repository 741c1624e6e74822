"""FAISS's approximate indexes over one side, built in shards that fit into memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np

from adapterxlt.progress import Progress, Silent
from adapterxlt.retrieval.arrays import Floats, Ids
from adapterxlt.retrieval.exact import Neighbours, Rows
from adapterxlt.retrieval.kept import Kept

# Queries at once: always as many, as FAISS's last bits depend on it.
QUERIES = 4096
ADDED = 65536
TRAINING = 40  # vectors a centroid; FAISS itself asks for 39
MAX_TRAINING = 1 << 20
PQ_BYTES = 64


@dataclass(frozen=True)
class Kind:
    """One kind of index.

    Args:
        name: as on the command line.
        refine: candidates fetched for each neighbour wanted, whose exact products then decide;
            1 where the index holds the vectors as they are.
    """

    name: str
    refine: int = 1

    def bytes_a_vector(self, dim: int) -> int:
        """Memory of one vector in the index, ids and links included."""
        return {
            "ivf-flat": 4 * dim + 8,
            "ivf-sq8": dim + 8,
            "ivf-pq": min(PQ_BYTES, dim) + 8,
            "hnsw": 4 * dim + 4 * 2 * 32 + 16,
        }[self.name]


KINDS = {
    kind.name: kind
    for kind in (Kind("ivf-flat"), Kind("ivf-sq8", 2), Kind("ivf-pq", 8), Kind("hnsw"))
}


class ApproximateIndex:
    """An index over `base`, one shard of rows in memory at a time.

    All shards share what was trained, so that searching them one after another finds what one
    large index would.

    Args:
        base: the vectors to find.
        kind: which index.
        memory: bytes that one shard may take.
        seed: of the training sample.
        trained: `trained` of an index like this one; None to train it.
    """

    def __init__(
        self,
        base: Rows,
        kind: Kind,
        *,
        memory: int,
        seed: int = 0,
        trained: np.ndarray | None = None,
    ) -> None:
        self.base, self.kind = base, kind
        dim = base.shape[1]
        self.shard_rows = max(ADDED, int(memory // kind.bytes_a_vector(dim)))
        self.shards = -(-len(base) // self.shard_rows)
        self.nlist = max(1, min(int(4 * math.sqrt(len(base))), len(base) // TRAINING or 1))
        self.nprobe = 1 if kind.name == "hnsw" else min(8, self.nlist)
        if trained is None or kind.name == "hnsw":
            self._empty = self._train(dim, seed)
        else:
            self._empty = faiss.deserialize_index(trained)
        self._shard: tuple[int, Any] | None = None

    @property
    def trained(self) -> np.ndarray:
        """What training gave, as bytes; none for an index that is not trained."""
        if self._empty is None:
            return np.empty(0, dtype=np.uint8)
        return np.asarray(faiss.serialize_index(self._empty))

    def _train(self, dim: int, seed: int) -> Any:
        if self.kind.name == "hnsw":
            return None
        quantizer = faiss.IndexFlatIP(dim)
        metric = faiss.METRIC_INNER_PRODUCT
        if self.kind.name == "ivf-flat":
            index: Any = faiss.IndexIVFFlat(quantizer, dim, self.nlist, metric)
        elif self.kind.name == "ivf-sq8":
            scalar = faiss.ScalarQuantizer.QT_8bit
            index = faiss.IndexIVFScalarQuantizer(quantizer, dim, self.nlist, scalar, metric, False)
        else:
            parts = max(m for m in range(1, min(PQ_BYTES, dim // 4 or 1) + 1) if dim % m == 0)
            index = faiss.IndexIVFPQ(quantizer, dim, self.nlist, parts, 8, metric)
        index.cp.niter = 8
        index.cp.seed = 1234 + seed
        wanted = min(len(self.base), MAX_TRAINING, max(TRAINING * self.nlist, 10_000))
        chosen = np.random.default_rng(seed).choice(len(self.base), wanted, replace=False)
        index.train(self.base.rows(np.sort(chosen)))
        return index

    def _load(self, shard: int) -> Any:
        """The index of one shard; ids count from its first row."""
        if self._shard is not None and self._shard[0] == shard:
            return self._shard[1]
        self._shard = None
        if self._empty is None:
            index: Any = faiss.IndexHNSWFlat(self.base.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
            index.hnsw.efConstruction = 80
        else:
            index = faiss.clone_index(self._empty)
        start, stop = self._range(shard)
        for row in range(start, stop, ADDED):
            index.add(self.base.block(row, min(row + ADDED, stop)))
        if getattr(faiss, "get_num_gpus", int)():
            index = faiss.index_cpu_to_all_gpus(index)
        self._shard = (shard, index)
        return index

    def _range(self, shard: int) -> tuple[int, int]:
        return shard * self.shard_rows, min((shard + 1) * self.shard_rows, len(self.base))

    def search(
        self,
        queries: Rows,
        k: int,
        *,
        progress: Progress | None = None,
        kept: Kept | None = None,
        name: str = "",
    ) -> Neighbours:
        """The `k` best found for each query: (scores [n, k], ids [n, k]).

        Sorted by score, then id. Where fewer than `k` are found the rest has score -inf and id
        -1.

        Args:
            queries: vectors to find neighbours of.
            k: neighbours, clipped to the number of vectors.
            progress: told after every block of queries.
            kept: what is found is written there now and then; a broken search goes on from it.
            name: of the search in `kept`.
        """
        k = min(k, len(self.base))
        n = len(queries)
        scores = np.full((n, k), -np.inf, dtype=np.float32)
        ids = np.full((n, k), -1, dtype=np.int64)
        done = 0
        if kept and (found_before := kept.load(name)):
            done, (scores, ids) = found_before
        total = self.shards * n
        with (progress or Silent()).bar("searching", total, done=done, unit="sentences") as bar:
            for shard in range(done // n, self.shards):
                first = max(0, done - shard * n)
                for start, stop, found in self._search_shard(queries, shard, k, first):
                    place = slice(start, stop)
                    scores[place], ids[place] = _merged((scores[place], ids[place]), found, k)
                    if kept and (kept.is_due() or shard * n + stop == total):
                        kept.save(name, shard * n + stop, scores, ids)
                    bar.advance(stop - start)
        return scores, ids

    def _search_shard(
        self, queries: Rows, shard: int, k: int, begun: int
    ) -> Iterator[tuple[int, int, Neighbours]]:
        index = self._load(shard)
        first, last = self._range(shard)
        self._set_effort(index)
        for start in range(begun, len(queries), QUERIES):
            stop = min(start + QUERIES, len(queries))
            block = queries.block(start, stop)
            scores, ids = index.search(block, min(k * self.kind.refine + 1, last - first))
            ids = np.where(ids >= 0, ids + first, -1)
            if self.kind.refine > 1:
                scores = _exact_scores(block, ids, self.base)
            scores[ids < 0] = -np.inf
            yield start, stop, (scores, ids)

    def release(self) -> None:
        """Give back the memory of the shard that was searched last."""
        self._shard = None

    def _set_effort(self, index: Any) -> None:
        if self.kind.name == "hnsw":
            faiss.ParameterSpace().set_index_parameter(index, "efSearch", max(64, self.nprobe))
        elif hasattr(index, "nprobe"):
            index.nprobe = self.nprobe
        else:
            faiss.GpuParameterSpace().set_index_parameter(index, "nprobe", self.nprobe)


def _merged(old: Neighbours, new: Neighbours, k: int) -> Neighbours:
    scores = np.concatenate([old[0], new[0]], axis=1)
    ids = np.concatenate([old[1], new[1]], axis=1)
    order = np.lexsort((ids, -scores), axis=1)[:, :k]
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(ids, order, axis=1)


def _exact_scores(queries: Floats, ids: Ids, base: Rows) -> Floats:
    scores = np.full(ids.shape, -np.inf, dtype=np.float32)
    for start in range(0, len(queries), 256):
        part = ids[start : start + 256]
        known, place = np.unique(np.maximum(part, 0), return_inverse=True)
        vectors = base.rows(known)[place.reshape(part.shape)]
        products = np.einsum("nd,nkd->nk", queries[start : start + 256], vectors)
        scores[start : start + 256] = np.where(part >= 0, products, -np.inf)
    return scores
