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

# Queries at once: always as many, as the last bits of products depend on it.
QUERIES = 4096
# Of queries that are looked up list by list so many go together that they have at most so many
# products with centroids: the more, the better.
PRODUCTS = 1 << 26
AT_LEAST = 1024
# What FAISS can do on a GPU: neighbours a query, and lists looked into.
GPU_LIMIT = 2048
ADDED = 65536


@dataclass(frozen=True)
class Kind:
    """One kind of index.

    Args:
        name: as on the command line.
        factor: candidates fetched for each neighbour wanted.
        more: candidates fetched beyond these.
    """

    name: str
    factor: int = 1
    more: int = 1

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
        """Whether vectors are in lists by cluster, and a query searches some of these lists."""
        return self.name.startswith("ivf")


# Exact; for GPUs only, as `exact.exact_neighbours` is faster without one.
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
    """An index over `base`, one shard of rows in memory at a time.

    Args:
        base: the vectors to find.
        kind: which index.
        memory: bytes that one shard may take.
        clusters: of an index of inverted lists, see `train_clusters`; all shards share them.
        gpus: numbers of those to search on; FAISS has no graphs there.
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
        """The index of one shard; ids count from its first row."""
        if self._shard is not None and self._shard[0] == shard:
            return self._shard[1]
        self._shard = None
        index, (start, stop) = self._new(), self._range(shard)
        with _one_thread() if self.kind.name == "hnsw" else nullcontext():
            for row in range(start, stop, ADDED):
                index.add(self.base.block(row, min(row + ADDED, stop)))
        if self._on_gpus:
            index = faiss.index_cpu_to_gpus_list(index, gpus=self._gpus)
        self._shard = (shard, index)
        return index

    def _new(self) -> Any:
        """An index without vectors."""
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
        """Whether lists are multiplied with all queries that look into them."""
        return self.kind.name in ("ivf-flat", "ivf-sq8") and not self._on_gpus

    @property
    def _at_once(self) -> int:
        """Queries searched together."""
        if not self.by_lists:
            return QUERIES
        return AT_LEAST * max(self._products // (int(self.clusters.nlist) * AT_LEAST), 1)

    @property
    def _products(self) -> int:
        """Products with centroids that a thread holds: in a quarter of the memory at most."""
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
        """The `k` best found for each query: (scores [n, k], ids [n, k]).

        Sorted by score, then id. Where fewer than `k` are found the rest has score -inf and id
        -1.

        Args:
            queries: vectors to find neighbours of.
            k: neighbours, clipped to the number of vectors.
            progress: told after every block of queries.
            kept: what is found is written there now and then; a broken search continues from it.
            name: of the search in `kept`.
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
        """Set the effort that finds the nearest vector of a share of the queries.

        Args:
            queries: [n, dim] a sample.
            known: [n] products with the best neighbours that are known before the search.
            nearest: [n, dim] the vector that each of them is to find.
            share: of the queries, 0 to 1.

        Returns:
            The share of lists that they then look into.
        """
        if self.by_lists:
            index = self._load(0)
            self.effort, looked = choose_effort(index, queries, known, nearest, share)
            return looked
        self.effort = Effort(probes_for(self.clusters, queries, nearest, share))
        return self.effort.nprobe / int(self.clusters.nlist)

    def release(self) -> None:
        """Give back the memory of the shard that was searched last."""
        self._shard = None

    def _set_effort(self, index: Any) -> None:
        if self.kind.name == "hnsw":
            index.hnsw.efSearch = 64
        elif self.kind.clustered and self._on_gpus:
            # Of several GPUs the index is a set of copies, which has no `nprobe` of its own.
            lists = min(self.effort.nprobe, GPU_LIMIT)
            faiss.GpuParameterSpace().set_index_parameter(index, "nprobe", lists)
        elif self.kind.clustered:
            index.nprobe = self.effort.nprobe


def usable_gpus(wanted: Sequence[int] | None) -> list[int]:
    """Those of the wanted GPUs (None: of all) that FAISS can use: none unless built for them."""
    here = range(int(getattr(faiss, "get_num_gpus", int)()))
    return [number for number in here if wanted is None or number in wanted]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Several threads give a graph that depends on who comes first."""
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def nothing_known(n: int, k: int) -> Neighbours:
    """No neighbours of `n` queries."""
    return np.full((n, k), -np.inf, dtype=np.float32), np.full((n, k), -1, dtype=np.int64)


def _merged(old: Neighbours, new: Neighbours, k: int) -> Neighbours:
    scores = np.concatenate([old[0], new[0]], axis=1)
    ids = np.concatenate([old[1], new[1]], axis=1)
    order = np.lexsort((-scores, ids), axis=1)
    scores, ids = (np.take_along_axis(part, order, axis=1) for part in (scores, ids))
    scores[:, 1:][ids[:, 1:] == ids[:, :-1]] = -np.inf  # found before too
    ids[scores == -np.inf] = -1
    order = np.lexsort((ids, -scores), axis=1)[:, :k]
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(ids, order, axis=1)


def _exact_scores(queries: Floats, ids: Ids, base: Rows) -> Floats:
    """[n, k] scores that depend on the two vectors alone; -inf where there is no id."""
    scores = np.full(ids.shape, -np.inf, dtype=np.float32)
    for start in range(0, len(queries), 256):
        part = ids[start : start + 256]
        rows, columns = np.nonzero(part >= 0)
        known, place = np.unique(part[rows, columns], return_inverse=True)
        products = pair_products(queries[start + rows], base.rows(known)[place.reshape(-1)])
        scores[start + rows, columns] = products
    return scores
