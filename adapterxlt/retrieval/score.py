"""Scoring of two sides, whoever made their vectors; and the choice among layers and poolings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from adapterxlt.errors import MissingDataError, UsageError
from adapterxlt.retrieval import bucc
from adapterxlt.retrieval.arrays import Floats
from adapterxlt.retrieval.encode import Key
from adapterxlt.retrieval.exact import ArrayRows
from adapterxlt.retrieval.neighbours import Report, find_neighbours
from adapterxlt.retrieval.protocols import Protocol
from adapterxlt.retrieval.tatoeba import tatoeba_scores
from adapterxlt.retrieval.transforms import ready
from adapterxlt.tasks.files import bad, read_lines
from adapterxlt.tasks.types import MiningSet

MAIN = {True: "f1", False: "accuracy"}


@dataclass(frozen=True)
class Sides:
    """What is to be found: gold pairs of rows, or None for line i with line i.

    Args:
        source: row of the distinct text of each source sentence.
        target: the same of the target sentences.
        gold: (source row, target row) pairs.
    """

    source: Sequence[int]
    target: Sequence[int]
    gold: frozenset[tuple[int, int]] | None


@dataclass(frozen=True)
class Scored:
    """Figures of one set of vectors, in percent (`threshold`: a margin score).

    Args:
        layer: hidden layer, None for vectors made elsewhere.
        pooling: how they were pooled, None likewise.
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
) -> tuple[dict[str, float], Report | None]:
    """Score vectors by a protocol: aligned sides as Tatoeba, sides with gold as BUCC.

    Args:
        source: [n, dim] vectors.
        target: [m, dim] vectors.
        sides: what is to be found.
        protocol: the rules.
        threshold: one tuned elsewhere; None tunes it on this gold. With one, `f1_tuned` and
            `threshold_tuned` say what tuning here would have given.
        index: for mining, see `neighbours.IndexName`.

    Raises:
        MissingDataError: as many vectors as sentences are needed.
        AdapterXLTError: vectors that cannot be compared.
    """
    for name, vectors, rows in (("source", source, sides.source), ("target", target, sides.target)):
        if len(vectors) != len(rows):
            raise MissingDataError(f"{len(vectors)} {name} vectors for {len(rows)} sentences")
    if sides.gold is None:
        scale = protocol.tatoeba.normalise
        left, right = (ready(side, protocol.transform, scale) for side in (source, target))
        return tatoeba_scores(left, right, csls=protocol.csls), None
    distinct = [_first_rows(rows) for rows in (sides.source, sides.target)]
    left, right = (
        ready(side[rows], protocol.transform, protocol.bucc.normalise)
        for side, rows in zip((source, target), distinct, strict=True)
    )
    found = find_neighbours(
        ArrayRows(left, "source"), ArrayRows(right, "target"), protocol.k, index=index
    )
    matched = bucc.match(found.forward, found.backward, protocol.margin, protocol.retrieval)
    pairs = bucc.to_sentences(matched, sides.source, sides.target, protocol.duplicates)
    tuned = bucc.tune_threshold(pairs, sides.gold)
    cut = tuned.threshold if threshold is None else threshold
    values = asdict(bucc.apply_threshold(pairs, sides.gold, cut))
    if threshold is not None:
        values |= {"f1_tuned": tuned.f1, "threshold_tuned": tuned.threshold}
    return values, found.report


def _first_rows(rows: Sequence[int]) -> np.ndarray:
    """Of each distinct text, in the order of their numbers, the first sentence."""
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
) -> list[Scored]:
    """Scores of every layer and pooling, as they come."""
    grid = []
    for (layer, pooling), vectors in source.items():
        values, report = score_sides(
            vectors, target[layer, pooling], sides, protocol, threshold=threshold, index=index
        )
        grid.append(Scored(layer, pooling, values, report.as_dict() if report else None))
    return grid


def best_of(grid: Sequence[Scored], metric: str) -> Scored:
    """The best by a metric; of equal ones the lowest layer, then the first pooling asked for."""
    return max(grid, key=lambda scored: (scored.values[metric], -(scored.layer or 0)))


def aligned(n_source: int, n_target: int) -> Sides:
    """Two sides of which line i translates line i.

    Raises:
        MissingDataError: unequal numbers of lines.
    """
    if n_source != n_target:
        raise MissingDataError(
            f"{n_source} source and {n_target} target sentences are not aligned",
            hint="translations must stand in the same line; with --gold, pairs are given by ids",
        )
    return Sides(range(n_source), range(n_target), None)


def from_mining(mining: MiningSet) -> Sides:
    """A mining set's rows, with its gold.

    Raises:
        MissingDataError: it has no gold pairs.
    """
    if not mining.gold:
        raise MissingDataError("no gold pairs to score the mined pairs against")
    source = {name: row for row, name in enumerate(mining.source_ids)}
    target = {name: row for row, name in enumerate(mining.target_ids)}
    gold = frozenset((source[left], target[right]) for left, right in mining.gold)
    return Sides(_text_rows(mining.source), _text_rows(mining.target), gold)


def _text_rows(texts: Sequence[str]) -> list[int]:
    rows: dict[str, int] = {}
    return [rows.setdefault(text, len(rows)) for text in texts]


def read_row_gold(path: Path, n_source: int, n_target: int) -> frozenset[tuple[int, int]]:
    """Gold as line numbers, `source TAB target` from 1: for vectors without sentences.

    Raises:
        MissingDataError: a line that is no such pair, or occurs twice.
    """
    pairs: set[tuple[int, int]] = set()
    for number, line in enumerate(read_lines(path), start=1):
        fields = line.split("\t")
        if len(fields) != 2 or not all(field.isdecimal() for field in fields):
            raise bad(path, number, "not a pair of line numbers", "expected: number, tab, number")
        pair = (int(fields[0]) - 1, int(fields[1]) - 1)
        if not (0 <= pair[0] < n_source and 0 <= pair[1] < n_target):
            raise bad(path, number, f"there are {n_source} source and {n_target} target vectors")
        if pair in pairs:
            raise bad(path, number, "this pair occurs twice")
        pairs.add(pair)
    return frozenset(pairs)


def check_threshold(threshold: float | None, gold: Path | None) -> None:
    """Refuse a threshold where nothing is mined."""
    if threshold is not None and gold is None:
        raise UsageError("--threshold needs --gold: aligned sides are searched, not mined")
