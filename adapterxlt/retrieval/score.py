"""Scores the vectors of two sides, whoever made them, and finds the best layer and pooling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from adapterxlt.errors import MissingDataError, UsageError
from adapterxlt.progress import Progress, Silent
from adapterxlt.retrieval import bucc
from adapterxlt.retrieval.protocols import Protocol
from adapterxlt.retrieval.sides import Sides
from adapterxlt.retrieval.tatoeba import tatoeba_scores
from adapterxlt.search.arrays import Floats
from adapterxlt.search.neighbours import Report, find_neighbours
from adapterxlt.search.rows import ArrayRows
from adapterxlt.vectors.encode import Key
from adapterxlt.vectors.transforms import ready

MAIN = {True: "f1", False: "accuracy"}


@dataclass(frozen=True)
class Scored:
    """Figures of one set of vectors, in percent (`threshold`: a margin score).

    Args:
        layer: hidden layer, None for vectors made elsewhere.
        pooling: how they were pooled, None for vectors made elsewhere.
        values: metric -> figure.
        index: how neighbours were searched, for mining.
    """

    layer: int | None
    pooling: str | None
    values: dict[str, float]
    index: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def score_sides(
    source: Floats,
    target: Floats,
    sides: Sides,
    protocol: Protocol,
    *,
    threshold: float | None = None,
    index: str = "flat",
    gpus: Sequence[int] | None = None,
    progress: Progress | None = None,
) -> tuple[dict[str, float], Report | None]:
    """Score vectors by a protocol: aligned sides as Tatoeba, sides with gold as BUCC.

    Args:
        source: [n, dim] vectors.
        target: [m, dim] vectors.
        sides: what is to be found.
        protocol: the rules.
        threshold: a threshold that was tuned elsewhere; `f1_tuned` and `threshold_tuned` then say
            what tuning here would have given. None: it is tuned on this gold.
        index: for mining, see `neighbours.IndexName`.
        gpus: for mining, see `neighbours.find_neighbours`.
        progress: told what the figures leave out.

    Raises:
        MissingDataError: the numbers of vectors and sentences differ.
        AdapterXLTError: the vectors cannot be compared.
    """
    progress = progress or Silent()
    for name, vectors, rows in (("source", source, sides.source), ("target", target, sides.target)):
        if len(vectors) != len(rows):
            raise MissingDataError(f"{len(vectors)} {name} vectors for {len(rows)} sentences")
        if zeros := int((~vectors.any(axis=1)).sum()):
            progress.log(
                f"{zeros} of {len(vectors)} {name} vectors are zero; their cosine with every "
                "vector is 0, so they find the first row"
            )
    if sides.gold is None:
        scale = protocol.tatoeba.normalise
        left, right = (
            ready(side, protocol.transform, scale, name)
            for name, side in (("source", source), ("target", target))
        )
        return tatoeba_scores(left, right, csls=protocol.csls), None
    distinct = [_first_rows(rows) for rows in (sides.source, sides.target)]
    left, right = (
        ready(side[rows], protocol.transform, protocol.bucc.normalise, name)
        for name, side, rows in zip(("source", "target"), (source, target), distinct, strict=True)
    )
    found = find_neighbours(
        ArrayRows(left, "source"), ArrayRows(right, "target"), protocol.k, index=index, gpus=gpus
    )
    least = bucc.tuned_least(protocol.margin)
    if least is None and threshold is not None and threshold <= 0:
        least = threshold
    matched = bucc.match(found.forward, found.backward, protocol.margin, protocol.retrieval, least)
    if note := bucc.unscored_note(matched):
        progress.log(note)
    pairs = bucc.to_sentences(matched, sides.source, sides.target, protocol.duplicates)
    tuned = bucc.tune_threshold(pairs, sides.gold)
    cut = tuned.threshold if threshold is None else threshold
    values = asdict(bucc.apply_threshold(pairs, sides.gold, cut))
    if threshold is not None:
        values |= {"f1_tuned": tuned.f1, "threshold_tuned": tuned.threshold}
    return values, found.report


def _first_rows(rows: Sequence[int]) -> np.ndarray:
    """Return the row of the first sentence of each distinct text, in the order of the texts."""
    _, first = np.unique(np.asarray(rows), return_index=True)
    return first


def score_grid(
    source: Mapping[Key, Floats],
    target: Mapping[Key, Floats],
    sides: Sides,
    protocol: Protocol,
    *,
    threshold: float | None = None,
    index: str = "flat",
    gpus: Sequence[int] | None = None,
    progress: Progress | None = None,
) -> list[Scored]:
    """Yield the scores of every layer and pooling as soon as each is done."""
    grid = []
    for (layer, pooling), vectors in source.items():
        values, report = score_sides(
            vectors, target[layer, pooling], sides, protocol,
            threshold=threshold, index=index, gpus=gpus, progress=progress,
        )  # fmt: skip
        grid.append(Scored(layer, pooling, values, report.as_dict() if report else None))
    return grid


def best_of(grid: Sequence[Scored], metric: str) -> Scored:
    """Return the best by a metric; among equal ones the lowest layer, then the first pooling."""
    return max(grid, key=lambda scored: (scored.values[metric], -(scored.layer or 0)))


def check_threshold(threshold: float | None, gold: Path | None) -> None:
    """Reject a threshold that is not a finite number, or that is given without gold."""
    bucc.check_finite(threshold, "--threshold")
    if threshold is not None and gold is None:
        raise UsageError(
            "--threshold needs --gold, because aligned texts are searched and not mined"
        )
