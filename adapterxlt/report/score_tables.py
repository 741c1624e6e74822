"""Tables of scores: means and standard deviations over seeds, and the values of single stages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from statistics import mean, stdev

from adapterxlt.metrics.facts import facts_of
from adapterxlt.report.compare import Grid
from adapterxlt.report.designs import factors_of, sizes_of
from adapterxlt.report.read import Run
from adapterxlt.report.sections import Section, sections
from adapterxlt.report.systems import System, kind_in, name_of
from adapterxlt.results.rows import Row

DEVIATION = "± is the standard deviation over seeds (n - 1)"
Place = tuple[str, ...]  # a stage and task of a recipe


@dataclass(frozen=True)
class Score:
    """A mean over seeds.

    Args:
        deviation: the standard deviation over seeds; None if there is only one.
        marks: `*`, `~` and `!`, as in the tables of single stages.
        digits: the number of decimals in which the metric is written.
    """

    value: float
    deviation: float | None
    marks: str
    digits: int

    def __str__(self) -> str:
        """Return it as tables show it: `48.8 ± 1.2`."""
        spread = "" if self.deviation is None else f" ± {self.deviation:.{self.digits}f}"
        return f"{self.value:.{self.digits}f}{spread}{self.marks}"


@dataclass(frozen=True)
class ScoreTable:
    """The scores of one task: models down, means and then languages across.

    Args:
        section: what the figures rest on, over all seeds.
        models: the measurements of each model, one for each seed.
        places: the tables of single stages that it replaces, see `place_of`.
    """

    section: Section
    models: Mapping[str, Sequence[System]]
    places: frozenset[Place] = frozenset()

    @property
    def title(self) -> str:
        """What was measured."""
        return self.section.title

    @property
    def pooled(self) -> bool:
        """Whether some model has several seeds."""
        return any(len(own) > 1 for own in self.models.values())

    @cached_property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """The languages that each column of figures is a mean over, by its heading."""
        grid = self.section.grid
        of_language = {code + "*" * (code in grid.everyone_in): (code,) for code in grid.languages}
        return {name: codes for name, codes in grid.summaries.items() if codes} | of_language

    def score(self, model: str, column: str) -> Score | None:
        """Return a figure of a model; None if it was not measured there."""
        codes = self.columns[column]
        found = [
            [one.rows[code] for code in codes if code in one.rows] for one in self.models[model]
        ]
        means = [mean(row.value for row in rows) for rows in found if rows]
        if not means:
            return None
        rows = [row for own in found for row in own]
        grid = self.section.grid
        marks = (
            "*" * any(map(grid.starred, rows))
            + "~" * any(row.borrows for row in rows)
            + "!" * any(bool(row.contamination) for row in rows)
        )
        return Score(
            mean(means),
            stdev(means) if len(means) > 1 else None,
            marks if codes == (column.rstrip("*"),) else "",
            facts_of(rows[0].metric).digits,
        )

    def seeds(self, model: str) -> str:
        """Return the number of seeds of a model, `-` for what has none."""
        listed = [one.seeds for one in self.models[model]]
        if not any(listed):
            return "-"
        factors = factors_of(listed)
        return " x ".join(map(str, sizes_of(factors) if len(factors) > 1 else (len(listed),)))

    @property
    def head(self) -> list[str]:
        """The headings of its columns."""
        return ["model", *(["seeds"] if self.pooled else []), *self.columns]

    @property
    def body(self) -> list[list[str]]:
        """Its rows as text."""
        return [
            [
                model,
                *([self.seeds(model)] if self.pooled else []),
                *(str(self.score(model, column) or "-") for column in self.columns),
            ]
            for model in self.models
        ]

    @property
    def notes(self) -> list[str]:
        """What the figures rest on, and what its marks mean."""
        part = self.section
        return [
            *([DEVIATION] if self.pooled else []),
            *part.others,
            " | ".join(part.rests_on),
            *part.stars,
            *(f"~ {note}" for note in part.borrowed),
            *(f"! {note}" for note in part.leaks),
        ]


@dataclass
class _Group:
    """The measurements of a task, by what each model is except for its seeds."""

    title: str
    systems: dict[str, dict[tuple[int, ...], System]] = field(default_factory=dict)
    parts: list[Section] = field(default_factory=list)

    def add(self, run: Run, section: Section) -> None:
        self.parts.append(section)
        for system in _systems(run, section):
            # The same seeds twice are two versions of the code; the last one counts.
            self.systems.setdefault(kind_in(system.row), {})[system.seeds] = system

    @property
    def pooled(self) -> bool:
        return any(len(own) > 1 for own in self.systems.values())

    def table(self) -> ScoreTable:
        models: dict[str, list[System]] = {}
        for own in self.systems.values():
            name = label = name_of(list(own.values()))
            number = 1
            while label in models:
                number += 1
                label = f"{name} ({number})"
            models[label] = list(own.values())
        names = {
            (one.row.cell, one.row.stage, one.row.model, one.row.recipe_id): label
            for label, own in models.items()
            for one in own
        }
        listed = [row for part in self.parts for row in (*part.grid.rows, *part.grid.others)]
        rows = [
            replace(row, model=names[key])
            for row in listed
            if (key := (row.cell, row.stage, row.model, row.recipe_id)) in names
        ]
        section = replace(self.parts[0], title=self.title, grid=Grid(rows), layers=None)
        return ScoreTable(section, models, self._places())

    def _places(self) -> frozenset[Place]:
        """The tables that the table over seeds replaces: those that have only some of the seeds."""
        split = any(
            len({place_of(one.row) for one in own.values()}) > 1 for own in self.systems.values()
        )
        return frozenset(place_of(part.grid.rows[0]) for part in self.parts if split)


def place_of(row: Row) -> Place:
    """Return the key of the table that a row belongs to."""
    return row.recipe, row.recipe_id, row.stage, row.task, row.split


def seed_tables(runs: Sequence[Run]) -> list[ScoreTable]:
    """Return a table over seeds for each task, and number of examples, where a model has several.

    Models count as one over their seeds as in comparisons, see `sides`.
    """
    several = len({run.recipe for run in runs}) > 1
    groups: dict[tuple[object, ...], _Group] = {}
    for run in runs:
        for section in sections(run.rows):
            grid = section.grid
            row = grid.rows[0]
            sizes = tuple(sorted({(one.language, one.n) for one in grid.rows}))
            key = (run.recipe, row.task, row.split, row.metric, section.where, sizes)
            where = "" if row.layer is None else f" {section.where}"
            title = f"{f'{run.recipe}: ' * several}{row.task} {row.split}, {row.metric}{where}"
            group = groups.setdefault(key, _Group(f"{title}, mean over seeds"))
            group.add(run, section)
    return [group.table() for group in groups.values() if group.pooled]


def score_tables(runs: Sequence[Run]) -> list[ScoreTable]:
    """Return all tables of scores: those over seeds, then those of single stages that are left."""
    over = seed_tables(runs)
    replaced = replaced_by(over)
    single = [
        ScoreTable(
            replace(section, title=f"{run.heading}: {section.title}") if len(runs) > 1 else section,
            {one.row.model: [one] for one in _systems(run, section)},
        )
        for run in runs
        for section in sections(run.rows)
        if place_of(section.grid.rows[0]) not in replaced
    ]
    return [*over, *single]


def replaced_by(tables: Iterable[ScoreTable]) -> set[Place]:
    """Return the tables of single stages that some tables replace."""
    return {place for one in tables for place in one.places}


def _systems(run: Run, section: Section) -> Iterator[System]:
    """Yield the models of a section, with all languages."""
    grid = section.grid
    for model in grid.models:
        rows = {code: grid.cells[model, code] for code in grid.languages
                if (model, code) in grid.cells}  # fmt: skip
        if rows:
            yield System(run.workdir, rows)
