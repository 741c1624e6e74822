"""How often intervals over several seeds hold the truth: single, nested and crossed seeds.

    python benchmarks/coverage.py [RUNS]

Differences are simulated, and the truth is 0. Seeds have effects: those of the first stage, of the
last stage, and of single combinations. All models are measured on the same examples, whose error is
in part common to all and in part each model's own. Prints a table in Markdown: percent of 95 %
intervals that hold 0, and their median length in points.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from itertools import product

import numpy as np

from adapterxlt.report.designs import factors_of
from adapterxlt.report.estimates import Side, estimate

RUNS, SAMPLES, CLUSTERS = 4_000, 100, 1_000


@dataclass(frozen=True)
class Truth:
    """Standard deviations in points: of seeds' effects, and of the examples' error."""

    first: float
    last: float
    single: float
    common: float = 0.5
    own: float = 0.25


TRUTHS = {
    "no seed matters": Truth(0.0, 0.0, 0.0),
    "the same, other examples for each": Truth(0.0, 0.0, 0.0, common=0.1, own=0.5),
    "seeds of the first stage": Truth(1.0, 0.0, 0.3),
    "seeds of the last stage": Truth(0.0, 1.0, 0.3),
    "seeds of both": Truth(1.0, 1.0, 0.3),
}
LINES = (2, 3, 5, 10)  # seeds, other ones in every stage
GRIDS = ((2, 2), (3, 2), (3, 3), (5, 5))
# Number of factors by which seeds are counted; of none, each combination is a repetition.
WAYS = {"crossed": 2, "nested": 1, "each by itself": 0}


def models(sizes: tuple[int, ...], truth: Truth, draw: np.random.Generator) -> np.ndarray:
    """The true differences of all seeds, or of all combinations of a grid."""
    if len(sizes) == 1:
        total = (truth.first**2 + truth.last**2 + truth.single**2) ** 0.5
        return total * draw.normal(size=sizes)
    shapes = ((sizes[0], 1), (1, sizes[1]), sizes)
    parts = zip((truth.first, truth.last, truth.single), shapes, strict=True)
    first, last, single = (sd * draw.normal(size=shape) for sd, shape in parts)
    return (first + last + single).ravel()


def hold(sizes: tuple[int, ...], truth: Truth, runs: int) -> dict[str, str]:
    """For each way of counting, the two figures."""
    draw = np.random.default_rng(sizes)
    listed = list(product(*map(range, sizes)))
    factors = factors_of(listed)
    found: dict[str, list[tuple[bool, float]]] = {}
    for _ in range(runs):
        true = models(sizes, truth, draw)
        points = true + truth.common * draw.normal() + truth.own * draw.normal(size=true.size)
        noise = truth.common * draw.normal(size=(SAMPLES, 1))
        noise = noise + truth.own * draw.normal(size=(SAMPLES, true.size))
        for way, count in WAYS.items():
            if count > len(sizes) or (count == 0 and len(sizes) == 1):
                continue
            kind = factors[:count] or (tuple(range(len(listed))),)
            one = estimate([Side(points, points + noise, kind)], CLUSTERS)
            found.setdefault(way, []).append((one.low <= 0 <= one.high, one.high - one.low))
    return {
        way: f"{100 * np.mean([held for held, _ in own]):.1f} "
        f"({np.median([width for _, width in own]):.1f})"
        for way, own in found.items()
    }


def main(runs: int) -> None:
    """Print the table."""
    print("| seeds | counted as | " + " | ".join(TRUTHS) + " |")
    print("| --- | --- |" + " --- |" * len(TRUTHS))
    for sizes in (*((count,) for count in LINES), *GRIDS):
        columns = [hold(sizes, truth, runs) for truth in TRUTHS.values()]
        for way in columns[0]:
            name = way if len(sizes) > 1 else "repetitions"
            cells = " | ".join(one[way] for one in columns)
            print(f"| {' x '.join(map(str, sizes))} | {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else RUNS)
