"""Finds out from lineages how the seeds of compared models go together.

Seeds of two stages are crossed if every seed of one was trained with every seed of the other. They
form a grid, from which a few models may be missing. Otherwise seeds are nested: all models on one
seed of the first stage count as one repetition.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Seeds = Sequence[int]  # the seeds of a model's stages, in the order of the stages
Level = tuple[object, ...]  # labels, one for each model, of one factor that varies


@dataclass(frozen=True)
class Design:
    """What a difference between models under several seeds is made of.

    Args:
        factors: the factors of the models or pairs, see `factors_of`.
        others: the factors of the baselines, if models and baselines are not paired.
        match: for each system of the longer side, the position of its partner on the other side;
            None if there are no pairs.
        turned: whether the baselines are the longer side.
    """

    factors: tuple[Level, ...]
    others: tuple[Level, ...] = ()
    match: tuple[int, ...] | None = None
    turned: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of seeds of each factor, for models or baselines, whichever have more."""
        sides = sizes_of(self.factors), sizes_of(self.others)
        return max(sides, key=lambda sizes: (len(sizes), math.prod(sizes)))

    @property
    def missing(self) -> int:
        """The number of models that the grid lacks."""
        grid = max(self.factors, self.others, key=len)
        return math.prod(sizes_of(grid)) - len(grid[0]) if len(grid) > 1 else 0

    def __str__(self) -> str:
        """Say how seeds were taken, for use in a sentence."""
        sizes = self.shape
        if len(sizes) > 1:
            gaps = f", {self.missing} of them missing" if self.missing else ""
            found = f"crossed ({' x '.join(map(str, sizes))}{gaps}, each side drawn by itself)"
            return found + (" and in pairs with the baseline's" if self.match else "")
        return "in pairs" if self.match else "nested"


def design_of(models: Sequence[Seeds], baselines: Sequence[Seeds]) -> Design:
    """Return the design of a comparison, from the seeds of both sides."""
    match = paired(models, baselines)
    if match is not None:
        return Design(factors_of(models), match=tuple(match))
    for turned, (grid, line) in enumerate(((models, baselines), (baselines, models))):
        factors = factors_of(grid)
        if len(factors) > 1 and (found := _along(grid, line)) is not None:
            return Design(factors, match=tuple(found), turned=bool(turned))
    return Design(factors_of(models), factors_of(baselines))


def factors_of(systems: Sequence[Seeds]) -> tuple[Level, ...]:
    """Return the factors that vary from model to model, each with a label for every model.

    A grid has one factor for each side. Other designs have only one: the seeds of the first stage
    that has several. A grid of two sides may lack models, as long as the effects of rows, columns
    and the rest can still be told apart.
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
    """Return the seeds of every stage that has several.

    Stages whose seeds always change together count as one.
    """
    levels: dict[Level, Level] = {}
    for place in range(max(map(len, systems), default=0)):
        level = tuple(_at(own, place) for own in systems)
        if len({*level}) > 1:
            names: dict[object, int] = {}
            levels.setdefault(tuple(names.setdefault(one, len(names)) for one in level), level)
    return tuple(levels.values())


def sizes_of(factors: Iterable[Level]) -> tuple[int, ...]:
    """Return the number of seeds of each factor."""
    return tuple(len({*level}) for level in factors)


def paired(models: Sequence[Seeds], baselines: Sequence[Seeds]) -> list[int] | None:
    """Find the baseline with the same seed for each model; None if they do not go in pairs.

    Models and baselines are paired by the seeds of one stage. It is the last stage in which all
    models have different seeds and the baselines have the same seeds as the models. If there is
    no such stage, two grids are paired by all of their seeds.
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
    """Whether every model can be reached from every other by steps along rows and columns."""
    cells = [*zip(rows, columns, strict=True)]
    reached, todo = {cells[0]}, [cells[0]]
    while todo:
        row, column = todo.pop()
        near = {one for one in cells if one[0] == row or one[1] == column} - reached
        reached |= near
        todo += near
    return len(reached) == len(cells)


def _along(grid: Sequence[Seeds], line: Sequence[Seeds]) -> list[int] | None:
    """Find the partner of each model of a grid, if the others have the seeds of one side of it.

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
