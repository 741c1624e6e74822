"""FAISS's approximate indexes over one side, built in shards that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import faiss
import numpy as np

from adapterxlt.progress import Progress, Silent
from adapterxlt.search.arrays import Floats, Ids
from adapterxlt.search.best import Neighbours
from adapterxlt.search.clusters import PQ_BYTES, probes_for
from adapterxlt.search.kept import Kept
from adapterxlt.search.lists import Effort, choose_effort, search_lists
from adapterxlt.search.rows import Rows
from adapterxlt.search.steady import pair_products
from adapterxlt.search.threads import in_threads

# Queries searched at once. The number is fixed, as the last bits of products depend on it.
QUERIES = 4096
# Upper bound on the query x centroid products held at once when searching list by list. Larger is
# faster.
PRODUCTS = 1 << 26
AT_LEAST = 1024
# FAISS's limits on a GPU: neighbours per query, and lists searched.
GPU_LIMIT = 2048
ADDED = 65536


@dataclass(frozen=True)
class Kind:
    """One kind of index.

    Args:
        name: as on the command line.
        factor: candidates fetched for each neighbour wanted.
        more: number of further candidates fetched.
    """

    name: str
    factor: int = 1
    more: int = 1

    def bytes_a_vector(self, dim: int) -> int:
        """Return the memory of one vector in the index in bytes, ids and links included."""
        return {
            "flat": 4 * dim,
            "ivf-flat": 4 * dim + 8,
            "ivf-sq8": dim + 8,
            "ivf-pq": min(PQ_BYTES, dim) + 8,
            "hnsw": 4 * dim + 4 * 2 * 32 + 16,
        }[self.name]

    @property
    def clustered(self) -> bool:
        """Whether vectors are in lists by cluster, so that a query searches only some lists."""
        return self.name.startswith("ivf")


# An exact index, used only on GPUs: without one, `exact.exact_neighbours` is faster.
FLAT = Kind("flat", more=8)
KINDS = {
    kind.name: kind
    for kind in (
        Kind("ivf-flat"),
        Kind("ivf-sq8", more=4),
        Kind("ivf-pq", factor=8),
        Kind("hnsw"),
    )
}


class ApproximateIndex:
    """An index over `base` that holds one shard of rows in memory at a time.

    Args:
        base: the vectors to find.
        kind: which index to use.
        memory: bytes that one shard may take.
        clusters: for an index of inverted lists, see `train_clusters`; all shards share them.
        gpus: numbers of the GPUs to search on; `hnsw` does not use them, as FAISS cannot.
    """

    def __init__(
        self,
        base: Rows,
        kind: Kind,
        *,
        memory: int,
        clusters: Any = None,
        gpus: Sequence[int] = (),
    ) -> None:
        self.base, self.kind, self.memory = base, kind, memory
        self._gpus = [] if kind.name == "hnsw" else list(gpus)
        self.shard_rows = max(ADDED, int(memory // kind.bytes_a_vector(base.shape[1])))
        self.shards = -(-len(base) // self.shard_rows)
        self.effort = Effort()
        self.clusters = clusters
        self._shard: tuple[int, Any] | None = None

    def _load(self, shard: int) -> Any:
        """Return the index of one shard; its ids count from the shard's first row."""
        if self._shard is not None and self._shard[0] == shard:
            return self._shard[1]
        self._shard = None
        index, (start, stop) = self._new(), self._range(shard)
        with _one_thread() if self.kind.name == "hnsw" else nullcontext():
            for row in range(start, stop, ADDED):
                index.add(self.base.block(row, min(row + ADDED, stop)))
        if self._on_gpus:
            index = faiss.index_cpu_to_gpus_list(index, co=self._gpu_options(), gpus=self._gpus)
        self._shard = (shard, index)
        return index

    def _gpu_options(self) -> Any:
        """Return how FAISS moves an index to GPUs; None: as usual."""
        if self.kind.name != "ivf-pq":
            return None
        options = faiss.GpuMultipleClonerOptions()
        options.useFloat16 = True  # else the tables of 64 codes do not fit into shared memory
        return options

    def _new(self) -> Any:
        """Return an index without vectors."""
        if self.kind.clustered:
            return faiss.clone_index(self.clusters)
        if self.kind.name == "flat":
            return faiss.IndexFlatIP(self.base.shape[1])
        index = faiss.IndexHNSWFlat(self.base.shape[1], 32, faiss.METRIC_INNER_PRODUCT)
        index.hnsw.efConstruction = 80
        return index

    @property
    def _on_gpus(self) -> bool:
        return bool(self._gpus)

    @property
    def by_lists(self) -> bool:
        """Whether it searches list by list, as `lists` does, instead of query by query."""
        return self.kind.name in ("ivf-flat", "ivf-sq8") and not self._on_gpus

    @property
    def _at_once(self) -> int:
        """Queries searched together."""
        if not self.by_lists:
            return QUERIES
        return AT_LEAST * max(self._products // (int(self.clusters.nlist) * AT_LEAST), 1)

    @property
    def _products(self) -> int:
        """Number of products with centroids that a thread may hold, in a quarter of the memory."""
        return max(min(PRODUCTS, self.memory // 16), 1)

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
        known: Neighbours | None = None,
    ) -> Neighbours:
        """Find the `k` best for each query: (scores [n, k], ids [n, k]).

        They are sorted by score, then id. If fewer than `k` are found, the rest has score -inf and
        id -1.

        Args:
            queries: vectors to find neighbours of.
            k: neighbours, clipped to the number of vectors.
            progress: told after every block of queries.
            kept: results are saved there regularly, and an interrupted search continues from them.
            name: the name of the search in `kept`.
            known: (scores [n, k], ids [n, k]) of neighbours known before, best first; -inf and -1
                where there are fewer.
        """
        k = min(k, len(self.base))
        n = len(queries)
        scores, ids = known or nothing_known(n, k)
        done = 0
        if kept and (found_before := kept.load(name)):
            done, (scores, ids) = found_before
        total = self.shards * n
        with (progress or Silent()).bar("searching", total, done=done, unit="sentences") as bar:
            for shard in range(done // n, self.shards):
                first = max(0, done - shard * n)
                for start, stop, found in self._search_shard(queries, shard, k, first, scores):
                    place = slice(start, stop)
                    scores[place], ids[place] = _merged((scores[place], ids[place]), found, k)
                    if kept and (kept.is_due() or shard * n + stop == total):
                        kept.save(name, shard * n + stop, scores, ids)
                    bar.advance(stop - start)
        return scores, ids

    def _search_shard(
        self, queries: Rows, shard: int, k: int, begun: int, known: Floats
    ) -> Iterator[tuple[int, int, Neighbours]]:
        index = self._load(shard)
        first, last = self._range(shard)
        self._set_effort(index)
        wanted = min(k * self.kind.factor + self.kind.more, last - first)
        size = self._at_once

        def search(start: int) -> tuple[int, int, Neighbours]:
            stop = min(start + size, len(queries))
            block = queries.block(start, stop)
            if self.by_lists:
                best = known[start:stop, 0]
                _, ids = search_lists(index, block, wanted, self.effort, best)
            else:
                most = GPU_LIMIT if self._on_gpus else wanted
                _, ids = index.search(block, min(wanted, most))
            ids = np.where(ids >= 0, ids + first, -1)
            return start, stop, (_exact_scores(block, ids, self.base), ids)

        workers = self.memory // (8 * self._products) if self.by_lists else 1
        yield from in_threads(search, range(begun, len(queries), size), workers)

    def choose_effort(self, queries: Floats, known: Floats, nearest: Floats, share: float) -> float:
        """Set the effort with which a given share of the queries find their nearest vector.

        Args:
            queries: [n, dim] a sample of queries.
            known: [n] products with the best neighbours known before the search.
            nearest: [n, dim] the nearest vector of each query.
            share: share of the queries that must find it, 0 to 1.

        Returns:
            The share of lists that are then searched.
        """
        if self.by_lists:
            index = self._load(0)
            self.effort, looked = choose_effort(index, queries, known, nearest, share)
            return looked
        self.effort = Effort(probes_for(self.clusters, queries, nearest, share))
        return self.effort.nprobe / int(self.clusters.nlist)

    def release(self) -> None:
        """Release the memory of the shard that was searched last."""
        self._shard = None

    def _set_effort(self, index: Any) -> None:
        if self.kind.name == "hnsw":
            index.hnsw.efSearch = 64
        elif self.kind.clustered and self._on_gpus:
            # On several GPUs the index is a set of copies, and only these have an `nprobe`.
            lists = min(self.effort.nprobe, GPU_LIMIT)
            faiss.GpuParameterSpace().set_index_parameter(index, "nprobe", lists)
        elif self.kind.clustered:
            index.nprobe = self.effort.nprobe


def usable_gpus(wanted: Sequence[int] | None) -> list[int]:
    """Return which wanted GPUs (None: all) FAISS can use; none if it was built without them."""
    here = range(int(getattr(faiss, "get_num_gpus", int)()))
    return [number for number in here if wanted is None or number in wanted]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Use one thread: with several, the graph would depend on which thread comes first."""
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def nothing_known(n: int, k: int) -> Neighbours:
    """Return empty results for `n` queries: scores -inf, ids -1."""
    return np.full((n, k), -np.inf, dtype=np.float32), np.full((n, k), -1, dtype=np.int64)


def _merged(old: Neighbours, new: Neighbours, k: int) -> Neighbours:
    scores = np.concatenate([old[0], new[0]], axis=1)
    ids = np.concatenate([old[1], new[1]], axis=1)
    order = np.lexsort((-scores, ids), axis=1)
    scores, ids = (np.take_along_axis(part, order, axis=1) for part in (scores, ids))
    scores[:, 1:][ids[:, 1:] == ids[:, :-1]] = -np.inf  # a vector found twice
    ids[scores == -np.inf] = -1
    order = np.lexsort((ids, -scores), axis=1)[:, :k]
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(ids, order, axis=1)


def _exact_scores(queries: Floats, ids: Ids, base: Rows) -> Floats:
    """Return [n, k] scores that depend only on the two vectors; -inf where there is no id."""
    scores = np.full(ids.shape, -np.inf, dtype=np.float32)
    for start in range(0, len(queries), 256):
        part = ids[start : start + 256]
        rows, columns = np.nonzero(part >= 0)
        known, place = np.unique(part[rows, columns], return_inverse=True)
        products = pair_products(queries[start + rows], base.rows(known)[place.reshape(-1)])
        scores[start + rows, columns] = products
    return scores
