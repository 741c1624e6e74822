"""Tunes an approximate index until it finds the required share of the exact neighbours."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from adapterxlt.search.approximate import ApproximateIndex, nothing_known
from adapterxlt.search.arrays import Ids
from adapterxlt.search.best import Neighbours
from adapterxlt.search.exact import one_way
from adapterxlt.search.kept import Kept
from adapterxlt.search.lists import Effort
from adapterxlt.search.rows import ArrayRows, Rows

# Share of the exact first neighbours that an approximate index must find on a sample for `auto`.
RECALL = 0.99
SAMPLE = 2048
# `auto` gives up if a larger share of the lists must be searched.
MOST_LISTS = 0.25
TRIES = 4


@dataclass(frozen=True)
class Tuned:
    """An index ready to be searched, with a sample of queries and their exact neighbours."""

    index: ApproximateIndex
    sample: Ids
    exact: Ids


def tune(
    name: str,
    index: ApproximateIndex,
    queries: Rows,
    k: int,
    known: Neighbours | None,
    seed: int,
    automatic: bool,
    kept: Kept | None,
) -> Tuned | None:
    """Set the index's effort, or restore that of an earlier run; None means giving up."""
    chosen = _sample(len(queries), seed)
    if kept and (before := kept.load(f"{name}-effort")):
        good, (effort, exact) = before
        index.effort = Effort.restored(effort)
        return Tuned(index, chosen, exact) if good else None
    sample = ArrayRows(queries.rows(chosen))
    exact = one_way(sample, index.base, k)[1]
    scores, ids = known or nothing_known(len(queries), min(k, len(index.base)))
    good = _raise_effort(
        index, sample, (scores[chosen], ids[chosen]), exact[:, 0], automatic=automatic
    )
    if kept:
        kept.save(f"{name}-effort", good, index.effort.array, exact)
    return Tuned(index, chosen, exact) if good else None


def _sample(n: int, seed: int) -> Ids:
    return np.sort(np.random.default_rng(seed).choice(n, min(n, SAMPLE), replace=False))


def _raise_effort(
    index: ApproximateIndex, sample: ArrayRows, known: Neighbours, first: Ids, *, automatic: bool
) -> bool:
    """Search as many lists as needed to find the first neighbours; return False to give up.

    The effort is chosen on the sample, so the sample's share is too good. It must therefore be two
    standard errors above `RECALL`, so that the share of all queries is hardly below `RECALL`. If
    that is not enough, because vectors were rounded, the share allowed to miss is halved each time.
    """
    if not index.kind.clustered:
        return True
    missed = 1 - RECALL - 2 * math.sqrt(RECALL * (1 - RECALL) / len(sample))
    nearest = index.base.rows(first)
    for _ in range(TRIES):
        share = 1 - max(missed, 0.0)
        looked = index.choose_effort(sample.array, known[0][:, 0], nearest, share)
        if automatic and looked > MOST_LISTS:
            return False
        scores, ids = known
        _, found = index.search(sample, scores.shape[1], known=(scores.copy(), ids.copy()))
        if np.mean(found[:, 0] == first) >= RECALL:
            return True
        missed /= 2
    return not automatic
