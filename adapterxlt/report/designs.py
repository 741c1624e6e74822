"""How the seeds of compared models go together, read off their lineage.

Seeds of two stages are crossed where every seed of one was trained with every seed of the other (a
grid, of which a few may be missing); else they are nested: models on one seed of the first stage
are one repetition.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Seeds = Sequence[int]  # of the stages that a model comes from, the first stage's first
Level = tuple[object, ...]  # of one thing that varies, a label for each model


@dataclass(frozen=True)
class Design:
    """What a difference between models under several seeds is made of.

    Args:
        factors: of the models, or of pairs, see `factors_of`.
        others: of the baselines, where they are no pairs with models.
        match: for each of the longer side the one of the other that it goes with; None: no pairs.
        turned: whether the longer side is that of the baselines.
    """

    factors: tuple[Level, ...]
    others: tuple[Level, ...] = ()
    match: tuple[int, ...] | None = None
    turned: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Seeds of each thing that varies; of models or baselines, what has more of these."""
        sides = sizes_of(self.factors), sizes_of(self.others)
        return max(sides, key=lambda sizes: (len(sizes), math.prod(sizes)))

    @property
    def missing(self) -> int:
        """Models that a grid lacks."""
        grid = max(self.factors, self.others, key=len)
        return math.prod(sizes_of(grid)) - len(grid[0]) if len(grid) > 1 else 0

    def __str__(self) -> str:
        """How seeds were taken, for a sentence."""
        sizes = self.shape
        if len(sizes) > 1:
            gaps = f", {self.missing} of them missing" if self.missing else ""
            found = f"crossed ({' x '.join(map(str, sizes))}{gaps}, each side drawn by itself)"
            return found + (" and in pairs with the baseline's" if self.match else "")
        return "in pairs" if self.match else "nested"


def design_of(models: Sequence[Seeds], baselines: Sequence[Seeds]) -> Design:
    """The design of a comparison, from the seeds of both sides."""
    match = paired(models, baselines)
    if match is not None:
        return Design(factors_of(models), match=tuple(match))
    for turned, (grid, line) in enumerate(((models, baselines), (baselines, models))):
        factors = factors_of(grid)
        if len(factors) > 1 and (found := _along(grid, line)) is not None:
            return Design(factors, match=tuple(found), turned=bool(turned))
    return Design(factors_of(models), factors_of(baselines))


def factors_of(systems: Sequence[Seeds]) -> tuple[Level, ...]:
    """What varies from model to model, with a label for each.

    A grid has one for each of its sides. Otherwise there is only one: the seeds of the first stage
    that has several. A grid of two sides may lack models, as long as the others tell rows, columns
    and the rest apart.
    """
    found = varying(systems)
    if len(found) > 1 and len({*zip(*found, strict=True)}) == len(systems):
        if len(systems) == math.prod(sizes_of(found)):
            return found
        if len(found) == 2 and len(systems) >= sum(sizes_of(found)) and _connected(*found):
            return found
    if found:
        return found[:1]
    return (tuple(range(len(systems))) if len(systems) > 1 else (0,),)


def varying(systems: Sequence[Seeds]) -> tuple[Level, ...]:
    """The seeds of every stage that has several; stages whose seeds change together are one."""
    levels: dict[Level, Level] = {}
    for place in range(max(map(len, systems), default=0)):
        level = tuple(_at(own, place) for own in systems)
        if len({*level}) > 1:
            names: dict[object, int] = {}
            levels.setdefault(tuple(names.setdefault(one, len(names)) for one in level), level)
    return tuple(levels.values())


def sizes_of(factors: Iterable[Level]) -> tuple[int, ...]:
    """Number of seeds of each thing that varies."""
    return tuple(len({*level}) for level in factors)


def paired(models: Sequence[Seeds], baselines: Sequence[Seeds]) -> list[int] | None:
    """For each model the baseline of the same seed; None where they do not go in pairs.

    That is the seed of the last stage, or the last one before it, that differs from model to model
    and from baseline to baseline, where both have the same ones; of two grids, all seeds of both.
    """
    if len(models) < 2:
        return None
    for place in range(1, 1 + max(map(len, models))):
        own, others = ([_at(one, -place) for one in side] for side in (models, baselines))
        if len({*own}) == len(own) and sorted(map(str, own)) == sorted(map(str, others)):
            return [others.index(seed) for seed in own]
    grids = [tuple(zip(*factors_of(side), strict=True)) for side in (models, baselines)]
    if len({*grids[0]}) == len(models) == len(baselines) and {*grids[0]} == {*grids[1]}:
        return [grids[1].index(cell) for cell in grids[0]]
    return None


def _connected(rows: Level, columns: Level) -> bool:
    """Whether each model is reached from each by steps along rows and columns."""
    cells = [*zip(rows, columns, strict=True)]
    reached, todo = {cells[0]}, [cells[0]]
    while todo:
        row, column = todo.pop()
        near = {one for one in cells if one[0] == row or one[1] == column} - reached
        reached |= near
        todo += near
    return len(reached) == len(cells)


def _along(grid: Sequence[Seeds], line: Sequence[Seeds]) -> list[int] | None:
    """For each model of a grid the one with its seed, if the others run along one side of it.

    If there are several such sides, that of the latest stage is taken.
    """
    if len(line) < 2 or len(factors_of(line)) > 1:
        return None
    [labels] = factors_of(line)
    if len({*labels}) < len(line):
        return None
    for level in reversed(factors_of(grid)):
        if {*level} == {*labels}:
            return [labels.index(seed) for seed in level]
    return None


def _at(seeds: Seeds, place: int) -> int | None:
    return seeds[place] if -len(seeds) <= place < len(seeds) else None
