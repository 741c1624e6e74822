"""How often a report with several seeds shows a difference where there is none.

    python benchmarks/false_positives.py [REPORTS]

Simulates reports of 30 comparisons without any true difference: six tasks with five models each,
which share their baseline. Seeds differ, and so do the examples, in part for all models and in part
for each. Prints a table in Markdown: percent of the reports in which Holm's correction leaves at
least one difference at 5 %, with p of each comparison by itself and with `pooled_p`.
"""

from __future__ import annotations

import sys

import numpy as np

from adapterxlt.report.estimates import Side, estimate, holm
from adapterxlt.report.pooled import pooled_p

REPORTS, SAMPLES, CLUSTERS, TASKS = 1_000, 400, 1_000, 6
COMMON, OWN = 0.5, 0.25  # standard deviations of the examples' error, of a difference
SEEDS, SPREADS = (2, 3, 5, 10), (0.0, 0.5, 1.0, 2.0)  # of a difference between two seeds


def task(
    seeds: int, spread: float, models: int, draw: np.random.Generator, *, diverged: bool = False
) -> tuple[list[float], list[float]]:
    """p of all comparisons of one task: by themselves, and pooled."""
    half = 0.5**0.5  # a model's part in the variance of a difference
    levels = np.full(models + 1, spread)
    if diverged:
        levels[-1] = 20 * spread
    shape = (models + 1, seeds)
    own = half * (levels[:, None] * draw.normal(size=shape) + OWN * draw.normal(size=shape))
    own += half * COMMON * draw.normal(size=(models + 1, 1))
    noise = half * OWN * draw.normal(size=(SAMPLES, *shape))
    noise += half * COMMON * draw.normal(size=(SAMPLES, models + 1, 1))
    found = [
        estimate(
            [
                Side(
                    own[one] - own[0],
                    own[one] - own[0] + noise[:, one] - noise[:, 0],
                    (tuple(range(seeds)),),
                )
            ],
            CLUSTERS,
        )
        for one in range(1, models + 1)
    ]
    return [float(one.p or 0) for one in found], [float(p or 0) for p in pooled_p(found, CLUSTERS)]


def shown(
    seeds: int, spread: float, reports: int, *, models: int = 5, diverged: bool = False
) -> tuple[float, float]:
    """Percent of the reports that show something: by themselves, and pooled."""
    draw = np.random.default_rng([seeds, round(10 * spread), models, diverged])
    counts = np.zeros(2)
    for _ in range(reports):
        tasks = [task(seeds, spread, models, draw, diverged=diverged) for _ in range(TASKS)]
        for way in (0, 1):
            counts[way] += min(holm([p for found in tasks for p in found[way]])) <= 0.05
    alone, pooled = 100 * counts / reports
    return float(alone), float(pooled)


def main(reports: int) -> None:
    """Print the table."""
    columns = [f"sd {spread:g}" for spread in SPREADS] + ["sd 1, one diverged", "sd 1, one model"]
    print("| seeds | p | " + " | ".join(columns) + " |")
    print("| --- | --- |" + " --- |" * len(columns))
    for seeds in SEEDS:
        found = [shown(seeds, spread, reports) for spread in SPREADS]
        found.append(shown(seeds, 1.0, reports, diverged=True))
        found.append(shown(seeds, 1.0, reports, models=1))
        for way, name in enumerate(("by itself", "pooled")):
            cells = " | ".join(f"{one[way]:.1f}" for one in found)
            print(f"| {seeds} | {name} | {cells} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else REPORTS)
