"""Combines the same comparison under several seeds, from one or more work folders."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import mean, stdev

from adapterxlt.metrics.facts import facts_of
from adapterxlt.report.compare import signed
from adapterxlt.report.read import Run
from adapterxlt.report.sections import Section, sections
from adapterxlt.report.systems import Key, key_of
from adapterxlt.results.rows import Row

# 97.5 % quantiles of Student's t for 1, 2, ... degrees of freedom; beyond, the last one serves
# (it is a little too wide then).
_T: tuple[float, ...] = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
_T += (2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086)

SEEDS = (
    "± gives the 95 % interval by Student's t over the seeds: the variation of training, without "
    "the sampling of test examples. Runs are combined if they have the same names of recipe, "
    "stage and model, and differ only in the seed. Results of earlier versions are combined if "
    "they have the same task, data, caps and lineage."
)


@dataclass(frozen=True)
class OverSeeds:
    """A model against its baseline under two or more seeds.

    Args:
        model: its name, `*` in place of the seed.
        baseline: of the same seed each time; likewise.
        on: task and split.
        where: the languages of the mean.
        gains: seed -> difference in points, mean over the languages.
        key: by what `comparisons` has the same.
        cost: less is better.
        clash: seeds that were measured twice with other results; the first one counts.
    """

    model: str
    baseline: str
    on: str
    where: str
    gains: dict[int, float]
    key: Key = ("",) * 6
    cost: bool = False
    clash: tuple[int, ...] = ()

    @property
    def points(self) -> float:
        """Mean over seeds."""
        return mean(self.gains.values())

    @property
    def margin(self) -> float:
        """Half the width of the 95 % interval of that mean."""
        count = len(self.gains)
        return _T[min(count - 1, len(_T)) - 1] * stdev(self.gains.values()) / math.sqrt(count)

    def __str__(self) -> str:
        better = sum((-points if self.cost else points) > 0 for points in self.gains.values())
        seeds = ", ".join(f"{seed}: {signed(points)}" for seed, points in self.gains.items())
        verdict = "; within the error" if abs(self.points) <= self.margin else ""
        clash = f"; measured twice, differently: seed {', '.join(map(str, self.clash))}"
        return (
            f"{self.model} vs {self.baseline} on {self.on}: {signed(self.points)} ± "
            f"{self.margin:.1f} points {self.where}, {len(self.gains)} seeds "
            f"({seeds}; better in {better}{verdict}{clash if self.clash else ''})"
        )


def over_seeds(runs: Iterable[Run]) -> list[OverSeeds]:
    """Every comparison that was made under at least two seeds, in order of appearance."""
    found: dict[tuple[str, ...], dict[int, float]] = {}
    clashes: dict[tuple[str, ...], set[int]] = {}
    found_keys: dict[tuple[str, ...], Key] = {}
    for run in runs:
        for section in sections(run.rows):
            for key, seed, points, rows in _gains(run.recipe, section):
                found_keys.setdefault(key, rows)
                gains = found.setdefault(key, {})
                if abs(gains.setdefault(seed, points) - points) > 1e-9:
                    clashes.setdefault(key, set()).add(seed)
    return [
        OverSeeds(
            model=key[0],
            baseline=key[1],
            on=key[2],
            where=key[3],
            gains=dict(sorted(gains.items())),
            key=found_keys[key],
            cost=facts_of(key[-1]).less_is_better,
            clash=tuple(sorted(clashes.get(key, ()))),
        )
        for key, gains in found.items()
        if len(gains) > 1
    ]


def _gains(recipe: str, section: Section) -> Iterable[tuple[tuple[str, ...], int, float, Key]]:
    """(what is compared, seed, points, key of the comparison) of each model of a section."""
    grid = section.grid
    of_baseline = next((row for row in grid.rows if row.model == grid.baseline), None)
    for model in grid.models:
        gain = grid.gain(model, grid.judged)
        row = next((row for row in grid.rows if row.model == model), None)
        if gain is None or row is None or of_baseline is None:
            continue
        if of_baseline.fingerprint and of_baseline.seed != row.seed:
            continue  # the bare backbone has no seed; two trained models differ by theirs too
        seed = row.seed
        key = (
            _starred(model, seed),
            _starred(grid.baseline, seed),
            f"{row.task} {row.split}",
            grid.place(section.where),
            ",".join(grid.judged),
            recipe,
            _starred(row.stage, seed),
            *_compared(row),
            *_compared(of_baseline),
            row.metric,
        )
        yield key, seed, gain.points, key_of(row, of_baseline)


def _compared(row: Row) -> tuple[str, ...]:
    """What must be the same under two seeds; names where the content is not recorded."""
    return (row.setup,) if row.setup else (row.protocol, row.data, row.caps, row.lineage)


def _starred(name: str, seed: int) -> str:
    """`nli_3` of seed 3 as `nli_*`: a matrix writes the seed into names."""
    return re.sub(rf"(?<!\d){seed}(?!\d)", "*", name)
