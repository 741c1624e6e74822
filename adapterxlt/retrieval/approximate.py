"""FAISS's approximate indexes over one side, built in shards that fit into memory."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np

from adapterxlt.progress import Progress, Silent
from adapterxlt.retrieval.arrays import Floats, Ids
from adapterxlt.retrieval.best import Neighbours
from adapterxlt.retrieval.exact import Rows
from adapterxlt.retrieval.kept import Kept
from adapterxlt.retrieval.lists import probes_for, search_lists

# Queries at once: always as many, as the last bits of products depend on it. Of those that are
# looked up list by list up to `BLOCKS` times as many go together, that look into `PAIRS` lists.
QUERIES = 4096
BLOCKS = 16
PAIRS = 1 << 22
# What FAISS can do on a GPU: neighbours a query, and lists looked into.
GPU_LIMIT = 2048
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
            "flat": 4 * dim,
            "ivf-flat": 4 * dim + 8,
            "ivf-sq8": dim + 8,
            "ivf-pq": min(PQ_BYTES, dim) + 8,
            "hnsw": 4 * dim + 4 * 2 * 32 + 16,
        }[self.name]

    @property
    def clustered(self) -> bool:
        """Whether vectors lie in lists by cluster, of which a query looks into some."""
        return self.name.startswith("ivf")


# Exact; for GPUs only, as `exact.exact_neighbours` is faster without one.
FLAT = Kind("flat")
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
        self.nprobe = 1
        self._empty: Any = None
        if kind.clustered:
            self._empty = (
                self._train(dim, seed) if trained is None else faiss.deserialize_index(trained)
            )
        self._shard: tuple[int, Any] | None = None

    @property
    def trained(self) -> np.ndarray:
        """What training gave, as bytes; none for an index that is not trained."""
        if self._empty is None:
            return np.empty(0, dtype=np.uint8)
        return np.asarray(faiss.serialize_index(self._empty))

    def _train(self, dim: int, seed: int) -> Any:
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
        index, (start, stop) = self._new(), self._range(shard)
        with _one_thread() if self.kind.name == "hnsw" else nullcontext():
            for row in range(start, stop, ADDED):
                index.add(self.base.block(row, min(row + ADDED, stop)))
        if self._on_gpus:
            index = faiss.index_cpu_to_all_gpus(index)
        self._shard = (shard, index)
        return index

    def _new(self) -> Any:
        """An index without vectors."""
        if self.kind.clustered:
            return faiss.clone_index(self._empty)
        if self.kind.name == "flat":
            return faiss.IndexFlatIP(self.base.shape[1])
        index = faiss.IndexHNSWFlat(self.base.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 80
        return index

    @property
    def _on_gpus(self) -> bool:
        """Whether FAISS searches on GPUs; it has no graphs there."""
        return gpus() > 0 and self.kind.name != "hnsw"

    @property
    def _by_lists(self) -> bool:
        return self.kind.name == "ivf-flat" and not self._on_gpus

    @property
    def _at_once(self) -> int:
        """Queries searched together."""
        if not self._by_lists:
            return QUERIES
        return QUERIES * min(max(PAIRS // (QUERIES * self.nprobe), 1), BLOCKS)

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
        size = self._at_once
        for start in range(begun, len(queries), size):
            stop = min(start + size, len(queries))
            block = queries.block(start, stop)
            if self._by_lists:
                scores, ids = search_lists(index, block, min(k, last - first))
            else:
                wanted = min(k * self.kind.refine + 1, last - first)
                if self._on_gpus:
                    wanted = min(wanted, GPU_LIMIT)
                scores, ids = index.search(block, wanted)
            ids = np.where(ids >= 0, ids + first, -1)
            if self.kind.refine > 1:
                scores = _exact_scores(block, ids, self.base)
            scores[ids < 0] = -np.inf
            yield start, stop, (scores, ids)

    def probes_for(self, queries: Floats, nearest: Floats, share: float) -> int:
        """See `lists.probes_for`."""
        return probes_for(self._empty, queries, nearest, share)

    def release(self) -> None:
        """Give back the memory of the shard that was searched last."""
        self._shard = None

    def _set_effort(self, index: Any) -> None:
        if self.kind.name == "hnsw":
            index.hnsw.efSearch = 64
        elif self.kind.clustered and self._on_gpus:
            # Of several GPUs the index is a set of copies, which has no `nprobe` of its own.
            lists = min(self.nprobe, GPU_LIMIT)
            faiss.GpuParameterSpace().set_index_parameter(index, "nprobe", lists)
        elif self.kind.clustered:
            index.nprobe = self.nprobe


def gpus() -> int:
    """GPUs that FAISS can use: none unless it was built for them."""
    return int(getattr(faiss, "get_num_gpus", int)())


@contextmanager
def _one_thread() -> Iterator[None]:
    """Several threads give a graph that depends on who comes first."""
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


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
