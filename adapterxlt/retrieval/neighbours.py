"""Neighbours in both directions, by the index asked for or that size and memory call for."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import numpy as np

from adapterxlt.errors import UsageError
from adapterxlt.progress import Progress, Silent
from adapterxlt.retrieval.approximate import FLAT, KINDS, ApproximateIndex, Kind, gpus
from adapterxlt.retrieval.arrays import Floats, Ids
from adapterxlt.retrieval.best import Best, Neighbours
from adapterxlt.retrieval.exact import ROWS, ArrayRows, Rows, check_sides, exact_neighbours
from adapterxlt.retrieval.kept import Kept
from adapterxlt.suggest import suggest

IndexName = Literal["auto", "flat", "ivf-flat", "ivf-sq8", "ivf-pq", "hnsw"]

# `auto` searches exactly up to so many products of pairs, times dimensions (about a minute on
# two cores).
EXACT_WORK = 5e12
# Share of the exact first neighbours that `auto` asks of an approximate index, on a sample.
RECALL = 0.99
SAMPLE = 4096
# A side below this is always searched exactly.
SMALL = 10_000


@dataclass(frozen=True)
class Report:
    """What was searched with, and how well it did.

    Args:
        index: the index used.
        why: why it was this one.
        recall_1: share of a sample of queries whose exact first neighbour it finds (1.0: exact).
        recall_k: share of their `k` exact neighbours.
        sample: queries in the sample, both directions together.
        nlist: clusters of both directions' indexes, none if it has none.
        nprobe: clusters looked at.
        shards: parts the larger side was searched in.
    """

    index: str
    why: str
    recall_1: float = 1.0
    recall_k: float = 1.0
    sample: int = 0
    nlist: tuple[int, ...] = ()
    nprobe: tuple[int, ...] = ()
    shards: int = 1

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Found:
    """Neighbours of the source rows, those of the target rows, and how they were found."""

    forward: Neighbours
    backward: Neighbours
    report: Report


def find_neighbours(
    source: Rows,
    target: Rows,
    k: int,
    *,
    index: str = "flat",
    memory: int = 4 << 30,
    seed: int = 0,
    progress: Progress | None = None,
    kept: Kept | None = None,
) -> Found:
    """The `k` nearest rows of the other side, for both sides.

    Args:
        source: vectors [n, dim].
        target: vectors [m, dim].
        k: neighbours, clipped to the size of the other side.
        index: one of `IndexName`.
        memory: bytes an index may take.
        seed: of training samples and of the sample that recall is measured on.
        progress: told as blocks are done.
        kept: what is found is written there at the end of a block if the last time is a minute
            ago; the same call goes on from it after a kill.

    Raises:
        UsageError: unknown index.
        AdapterXLTError: sides of different dimensions.
    """
    if index not in get_args(IndexName):
        raise UsageError(f"unknown index `{index}`", hint=suggest(index, get_args(IndexName)))
    check_sides(source, target, k)
    progress = progress or Silent()
    kind, why = _choose(index, source, target, memory)
    if kind is None and (count := gpus()):
        kind, why = FLAT, f"{why}, on {count} GPU{'s' if count > 1 else ''}"
    if kind is None:
        return Found(*exact_neighbours(source, target, k, progress, kept), Report("flat", why))
    directions = []
    for name, queries, base in (("forward", source, target), ("backward", target, source)):
        progress.log(f"building {kind.name} over {len(base)} vectors")
        tuned = _tuned(name, queries, base, k, kind, memory, seed, index == "auto", kept)
        if tuned is None:
            why = f"{kind.name} did not reach {RECALL:.0%} recall at a fraction of the exact work"
            return Found(*exact_neighbours(source, target, k, progress, kept), Report("flat", why))
        neighbours = tuned.index.search(queries, k, progress=progress, kept=kept, name=name)
        tuned.index.release()
        directions.append((tuned, neighbours, neighbours[1][tuned.sample]))
    indexes = [tuned.index for tuned, _, _ in directions]
    return Found(
        directions[0][1],
        directions[1][1],
        Report(
            kind.name,
            why,
            recall_1=min(
                float(np.mean(found[:, 0] == tuned.exact[:, 0])) for tuned, _, found in directions
            ),
            recall_k=min(_recall(found, tuned.exact) for tuned, _, found in directions),
            sample=sum(len(tuned.sample) for tuned, _, _ in directions),
            nlist=tuple(each.nlist for each in indexes) if kind.clustered else (),
            nprobe=tuple(each.nprobe for each in indexes) if kind.clustered else (),
            shards=max(each.shards for each in indexes),
        ),
    )


@dataclass(frozen=True)
class _Tuned:
    """An index ready to be searched, with a sample of queries and their exact neighbours."""

    index: ApproximateIndex
    sample: Ids
    exact: Ids


def _tuned(
    name: str,
    queries: Rows,
    base: Rows,
    k: int,
    kind: Kind,
    memory: int,
    seed: int,
    automatic: bool,
    kept: Kept | None,
) -> _Tuned | None:
    """Train an index and set its effort, or take both from an earlier run; None to give up."""
    chosen = _sample(len(queries), seed)
    if kept and (before := kept.load(f"{name}-index")):
        effort, (trained, exact) = before
        index = ApproximateIndex(base, kind, memory=memory, seed=seed, trained=trained)
        index.nprobe = effort
        return _Tuned(index, chosen, exact) if effort else None
    index = ApproximateIndex(base, kind, memory=memory, seed=seed)
    sample = ArrayRows(queries.rows(chosen))
    exact = _exact_ids(sample.array, base, k)
    good = _tune(index, sample, k, exact, automatic=automatic)
    if kept:
        kept.save(f"{name}-index", index.nprobe if good else 0, index.trained, exact)
    return _Tuned(index, chosen, exact) if good else None


def _choose(index: str, source: Rows, target: Rows, memory: int) -> tuple[Kind | None, str]:
    if index == "flat":
        return None, "asked for"
    if index != "auto":
        return KINDS[index], "asked for"
    dim = source.shape[1]
    work = float(len(source)) * len(target) * dim
    if work <= EXACT_WORK or min(len(source), len(target)) < SMALL:
        return None, f"{len(source)} x {len(target)} vectors are few enough to search exactly"
    larger = max(len(source), len(target))
    for name in ("ivf-flat", "ivf-sq8"):
        if larger * KINDS[name].bytes_a_vector(dim) <= 4 * memory:
            return KINDS[
                name
            ], f"the largest that memory holds in at most 4 parts ({larger} vectors)"
    return KINDS["ivf-pq"], f"{larger} vectors are too many for larger ones"


def _sample(n: int, seed: int) -> Ids:
    return np.sort(np.random.default_rng(seed).choice(n, min(n, SAMPLE), replace=False))


def _exact_ids(sample: Floats, base: Rows, k: int) -> Ids:
    """[n, k] ids of the exact neighbours of a few queries."""
    best = Best(len(sample), min(k, len(base)))
    for start in range(0, len(base), ROWS):
        best.look(sample @ base.block(start, min(start + ROWS, len(base))).T, 0, start)
    return best.ids


def _tune(
    index: ApproximateIndex, sample: ArrayRows, k: int, exact: Ids, *, automatic: bool
) -> bool:
    """Look into as many clusters as it takes to find first neighbours; False to give up.

    The sample's share is to be so far above `RECALL` that all queries' share is not below it.
    """
    if not index.kind.clustered:
        return True
    doubt = 2 * math.sqrt(RECALL * (1 - RECALL) / len(sample))
    first = exact[:, 0]
    index.nprobe = index.probes_for(sample.array, index.base.rows(first), RECALL + doubt)
    while True:
        if automatic and index.nprobe * 8 > index.nlist:
            return False
        # Vectors as they are: what is looked into is found.
        if index.kind.refine == 1 or index.nprobe * 4 > index.nlist:
            return True
        _, found = index.search(sample, k)
        if np.mean(found[:, 0] == first) >= RECALL:
            return True
        index.nprobe *= 2


def _recall(found: Ids, exact: Ids) -> float:
    hits = (found[:, :, None] == exact[:, None, :]).any(axis=1)
    return float(hits.mean())
