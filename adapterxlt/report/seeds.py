"""Combines the same comparison under several seeds, from one or more work folders."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np

from adapterxlt.metrics.facts import facts_of
from adapterxlt.report.compare import signed
from adapterxlt.report.designs import factors_of, sizes_of, varying
from adapterxlt.report.estimates import Side, estimate
from adapterxlt.report.read import Run
from adapterxlt.report.sections import Section, sections
from adapterxlt.report.systems import Key, key_of
from adapterxlt.results.cells import seeds_behind
from adapterxlt.results.rows import Row

SEEDS = (
    "± gives the 95 % interval by Student's t over the seeds: the variation of training, without "
    "the sampling of test examples. If every seed of one stage was trained with every seed of "
    "another, the seeds of each stage count by themselves. Runs are combined if they have the same "
    "names of recipe, stage and model, and differ only in the seed. Results of earlier versions "
    "are combined if they have the same task, data, caps and lineage."
)


@dataclass(frozen=True)
class OverSeeds:
    """A model against its baseline under two or more seeds.

    Args:
        model: its name, with `*` in place of the seeds.
        baseline: the name of the baseline, likewise. Each model is compared with the baseline of
            the same seed.
        on: the task and the split.
        where: the languages of the mean, in words.
        gains: seed -> difference in points, as a mean over the languages. If stages have their own
            seeds, these are joined by `/` in the order of the stages.
        margin: half the width of the 95 % interval of the mean of the gains.
        design: how the seeds of several stages go together, in words.
        key: the key under which `comparisons` has the same comparison.
        cost: whether less is better.
        unit: what the gains are counted in.
        clash: seeds that were measured twice with different results; the first one counts.
    """

    model: str
    baseline: str
    on: str
    where: str
    gains: dict[str, float]
    margin: float
    design: str
    key: Key = ("", "", "", "", "", "", (), "")
    cost: bool = False
    unit: str = "points"
    clash: tuple[str, ...] = ()

    @property
    def points(self) -> float:
        """The mean gain over seeds, in points."""
        return mean(self.gains.values())

    def __str__(self) -> str:
        better = sum((-points if self.cost else points) > 0 for points in self.gains.values())
        seeds = ", ".join(f"{seed}: {signed(points)}" for seed, points in self.gains.items())
        verdict = "; within the error" if abs(self.points) <= self.margin else ""
        clash = f"; measured twice, differently: seed {', '.join(self.clash)}"
        return (
            f"{self.model} vs {self.baseline} on {self.on}: {signed(self.points)} ± "
            f"{self.margin:.1f} {self.unit} {self.where}, {self.design} seeds "
            f"({seeds}; better in {better}{verdict}{clash if self.clash else ''})"
        )


def over_seeds(runs: Iterable[Run]) -> list[OverSeeds]:
    """Return every comparison made under at least two seeds, in order of appearance."""
    found: dict[tuple[str, ...], dict[tuple[int, ...], float]] = {}
    clashes: dict[tuple[str, ...], set[tuple[int, ...]]] = {}
    found_keys: dict[tuple[str, ...], Key] = {}
    for run in runs:
        for section in sections(run.rows):
            for key, seeds, points, rows in _gains(run, section):
                found_keys.setdefault(key, rows)
                gains = found.setdefault(key, {})
                if abs(gains.setdefault(seeds, points) - points) > 1e-9:
                    clashes.setdefault(key, set()).add(seeds)
    return [
        _over(key, found_keys[key], dict(sorted(gains.items())), clashes.get(key, set()))
        for key, gains in found.items()
        if len(gains) > 1
    ]


def _over(
    key: Sequence[str],
    rows: Key,
    gains: dict[tuple[int, ...], float],
    clash: set[tuple[int, ...]],
) -> OverSeeds:
    factors = factors_of(list(gains))
    names = dict(zip(gains, _names(list(gains)), strict=True))
    points = np.array(list(gains.values()))
    one = estimate([Side(points, points[None], factors)], clusters=1)
    most = facts_of(key[-1]).span + abs(one.points)  # no interval goes beyond the metric's range
    return OverSeeds(
        model=key[0],
        baseline=key[1],
        on=key[2],
        where=key[3],
        gains={names[seeds]: gain for seeds, gain in gains.items()},
        margin=min(one.high - one.points, most),
        design=" x ".join(map(str, sizes_of(factors) if len(factors) > 1 else (len(gains),))),
        key=rows,
        cost=facts_of(key[-1]).less_is_better,
        unit=facts_of(key[-1]).counted_in,
        clash=tuple(names[seeds] for seeds in sorted(clash)),
    )


def _names(listed: Sequence[tuple[int, ...]]) -> list[str]:
    """Return names of seeds: the seed of the last stage, or the seeds of all stages that vary."""
    if len({seeds[-1] for seeds in listed}) == len(listed):
        return [str(seeds[-1]) for seeds in listed]
    return ["/".join(map(str, labels)) for labels in zip(*varying(listed), strict=True)]


def _gains(
    run: Run, section: Section
) -> Iterable[tuple[tuple[str, ...], tuple[int, ...], float, Key]]:
    """Yield (what is compared, seeds, points, key of the comparison) for each model."""
    grid = section.grid
    of_baseline = next((row for row in grid.rows if row.model == grid.baseline), None)
    for model in grid.models:
        row = next((row for row in grid.rows if row.model == model), None)
        if model == grid.baseline or row is None or of_baseline is None:
            continue
        if of_baseline.fingerprint and of_baseline.seed != row.seed:
            continue  # the bare backbone has no seed; trained models also differ by their seeds
        seeds = seeds_behind(run.workdir, row.cell) or (row.seed,)
        names = _starred(model, seeds), _starred(grid.baseline, seeds)
        for scope in grid.scopes(model, grid.baseline, section.where):
            gain = grid.gain(model, scope.languages)
            if gain is None:
                continue
            key = (
                *names,
                f"{row.task} {row.split}",
                scope.told(names),
                ",".join(scope.languages),
                run.recipe,
                _starred(row.stage, seeds),
                *_compared(row),
                *_compared(of_baseline),
                row.metric,
            )
            where = key_of(row, of_baseline, scope.languages, scope.where)
            yield key, seeds, gain.points, where


def _compared(row: Row) -> tuple[str, ...]:
    """Return what must be equal under two seeds; names are used if no content is recorded."""
    return (row.setup,) if row.setup else (row.protocol, row.data, row.caps, row.lineage)


def _starred(name: str, seeds: Iterable[int]) -> str:
    """Write `nli_3` of seed 3 as `nli_*`, as a matrix writes seeds into names."""
    return re.sub(rf"(?<!\d)({'|'.join(map(str, seeds))})(?!\d)", "*", name)
