"""Neighbours in both directions, by the index asked for or that size and memory call for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

import faiss
import numpy as np

from adapterxlt.errors import UsageError
from adapterxlt.progress import Progress, Silent
from adapterxlt.search.alike import alike_rows, spread
from adapterxlt.search.approximate import (
    FLAT,
    KINDS,
    ApproximateIndex,
    Kind,
    usable_gpus,
)
from adapterxlt.search.arrays import Ids
from adapterxlt.search.best import Best, Neighbours
from adapterxlt.search.clusters import train_clusters
from adapterxlt.search.exact import check_sides, exact_neighbours
from adapterxlt.search.kept import Kept
from adapterxlt.search.rows import Picked, Rows
from adapterxlt.search.tuning import RECALL, Tuned, tune
from adapterxlt.suggest import suggest

IndexName = Literal["auto", "flat", "ivf-flat", "ivf-sq8", "ivf-pq", "hnsw"]

# `auto` searches exactly up to so many products of pairs, times dimensions (about a minute on
# two cores).
EXACT_WORK = 5e12
# Parts that `auto` searches a side in at most, before it takes a smaller index.
PARTS = 4
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
        nprobe: clusters that a query looks into, on average.
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


def check_index(name: str) -> None:
    """Refuse what is none of `IndexName`.

    Raises:
        UsageError: with the one that may be meant.
    """
    if name not in get_args(IndexName):
        raise UsageError(f"unknown index `{name}`", hint=suggest(name, get_args(IndexName)))


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
    gpus: Sequence[int] | None = None,
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
            ago; the same call continues from it after a kill.
        gpus: numbers of the GPUs that may be used; None: all.

    Raises:
        UsageError: unknown index.
        AdapterXLTError: sides of different dimensions.
    """
    check_index(index)
    check_sides(source, target, k)
    progress = progress or Silent()
    kind, why = _choose(index, source, target, memory)
    usable, device = usable_gpus(gpus), _device(gpus)
    if kind is None and device:
        found_there = exact_neighbours(source, target, k, progress, kept, device)
        return Found(*found_there, Report("flat", f"{why}, on {device}"))
    if kind is None and usable:
        kind, why = FLAT, f"{why}, on {len(usable)} GPU{'s' if len(usable) > 1 else ''}"
    if kind is None:
        return Found(*exact_neighbours(source, target, k, progress, kept), Report("flat", why))
    # Equal vectors are one: what rounds them, or sorts them into clusters, may tell them apart.
    (left, left_of), (right, right_of) = _distinct(source), _distinct(target)
    found = _approximate(
        left, right, k, (kind, why), memory, seed, index == "auto", progress, kept, usable
    )
    if found is None:
        progress.log(f"{kind.name} does not pay here: searching exactly")
        why = f"{kind.name} did not reach {RECALL:.0%} recall at a fraction of the exact work"
        neighbours = exact_neighbours(source, target, k, progress, kept, device)
        return Found(*neighbours, Report("flat", why))
    return Found(
        spread(found.forward, left_of, right_of, k),
        spread(found.backward, right_of, left_of, k),
        found.report,
    )


def _device(gpus: Sequence[int] | None) -> str:
    """The GPU for an exact search, "" for none."""
    import torch

    if not torch.cuda.is_available() or (gpus is not None and not gpus):
        return ""
    return f"cuda:{gpus[0] if gpus else 0}"


def _distinct(rows: Rows) -> tuple[Rows, Ids]:
    """Distinct vectors, and for every row which of them it is."""
    first, number = alike_rows(rows)
    return (rows if len(first) == len(rows) else Picked(rows, first)), number


def _approximate(
    source: Rows,
    target: Rows,
    k: int,
    chosen: tuple[Kind, str],
    memory: int,
    seed: int,
    automatic: bool,
    progress: Progress,
    kept: Kept | None,
    gpus: Sequence[int],
) -> Found | None:
    """Neighbours of distinct vectors by an index; None where `auto` gives up."""
    kind, why = chosen
    clusters = _clusters(kind, (source, target), seed, progress, kept) if kind.clustered else None
    directions: list[tuple[Tuned, Neighbours, Ids]] = []
    for name, queries, base in (("forward", source, target), ("backward", target, source)):
        progress.log(f"building {kind.name} over {len(base)} vectors")
        built = ApproximateIndex(base, kind, memory=memory, clusters=clusters, gpus=gpus)
        # Whoever found a sentence is a good neighbour for it to begin with.
        known = _turned(directions[0][1], len(target), k) if directions else None
        tuned = tune(name, built, queries, k, known, seed, automatic, kept)
        if tuned is None:
            return None
        neighbours = built.search(queries, k, progress=progress, kept=kept, name=name, known=known)
        built.release()
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
            nlist=tuple(int(clusters.nlist) for _ in indexes) if clusters else (),
            nprobe=tuple(each.effort.nprobe for each in indexes) if clusters else (),
            shards=max(each.shards for each in indexes),
        ),
    )


def _clusters(
    kind: Kind, sides: tuple[Rows, Rows], seed: int, progress: Progress, kept: Kept | None
) -> Any:
    """Train clusters, or take those of an earlier run."""
    if kept and (before := kept.load("clusters")):
        return faiss.deserialize_index(before[1][0])
    progress.log(f"clustering {sum(map(len, sides))} vectors")
    clusters = train_clusters(kind.name, sides, seed)
    if kept:
        kept.save("clusters", 0, faiss.serialize_index(clusters))
    return clusters


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
    if larger * KINDS["ivf-sq8"].bytes_a_vector(dim) <= PARTS * memory:
        return KINDS["ivf-sq8"], f"{larger} vectors are many, and fit in at most {PARTS} parts"
    return KINDS["ivf-pq"], f"{larger} vectors are too many for larger ones"


def _turned(found: Neighbours, n: int, k: int) -> Neighbours:
    """(scores [n, k], rows [n, k]): for each id the rows that found it, best first."""
    best = Best(n, min(k, len(found[0])))
    for column in range(found[0].shape[1]):
        rows = np.flatnonzero(found[1][:, column] >= 0)
        best.add(found[1][rows, column], rows, found[0][rows, column])
    return best.arrays


def _recall(found: Ids, exact: Ids) -> float:
    hits = (found[:, :, None] == exact[:, None, :]).any(axis=1)
    return float(hits.mean())
