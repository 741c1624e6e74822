"""Finds the models to compare in the rows of runs, seed by seed, with their outcomes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from adapterxlt.report.read import Run
from adapterxlt.report.scopes import Scope
from adapterxlt.report.sections import Section, sections
from adapterxlt.report.sides import Entrant, baselines_for, kind_of
from adapterxlt.results.cells import cell_outcomes, seeds_behind
from adapterxlt.results.outcomes import Outcomes
from adapterxlt.results.rows import Row

Key = tuple[str, str, str, str, str, str, tuple[str, ...], str]


@dataclass(frozen=True)
class System:
    """A model as it was measured once, with one seed.

    Args:
        workdir: the work folder that has its store.
        rows: the rows of the main metric, by language; in retrieval, those of the chosen place.
    """

    workdir: Path
    rows: Mapping[str, Row]

    @property
    def row(self) -> Row:
        """One of its rows."""
        return next(iter(self.rows.values()))

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the stages that it comes from, in their order."""
        found = seeds_behind(self.workdir, self.row.cell)
        return ((self.row.seed,) if self.row.fingerprint else ()) if found is None else found

    @cached_property
    def outcomes(self) -> dict[str, Outcomes]:
        """The outcomes that were kept, by language.

        Raises:
            InvalidArtifactError: outcomes are damaged.
        """
        blocks = cell_outcomes(self.workdir, self.row.cell) or []
        at = {(one.language, one.split, one.layer, one.pooling): one for one in blocks}
        found = {
            code: at.get((code, row.split, row.layer, row.pooling))
            for code, row in self.rows.items()
        }
        return {code: one for code, one in found.items() if one is not None}


@dataclass
class Contest:
    """A model against a baseline, each under all its seeds.

    Args:
        languages: the languages that the difference is a mean over.
        where: these languages in words.
        trained, left_out: see `scopes.Scope`.
        judged: the languages of the table that it is part of, of which some may lack outcomes.
        clash: the seeds that were measured twice, differently; the last ones count.
        asked: the names by which a user asked for it, see `across`; None for one of a recipe.
    """

    languages: tuple[str, ...]
    where: str
    models: list[System] = field(default_factory=list)
    baselines: list[System] = field(default_factory=list)
    judged: tuple[str, ...] = ()
    clash: tuple[str, ...] = ()
    asked: tuple[str, str] | None = None
    trained: int | None = None
    left_out: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """The key by which it is found again, see `key_of`; what was asked for has its own."""
        row, base = self.models[0].row, self.baselines[0].row
        if self.asked:
            row = replace(row, recipe=" vs ".join(self.asked))
        return key_of(row, base, self.judged or self.languages, self.where)

    @property
    def names(self) -> tuple[str, str]:
        """The names of the model and the baseline."""
        return self.asked or (name_of(self.models), name_of(self.baselines))

    @property
    def place(self) -> str:
        """`where`, with the name of the model that alone was trained in these languages."""
        return Scope(self.judged or self.languages, self.where, self.trained).told(self.names)

    @property
    def cells(self) -> tuple[set[tuple[Path, str]], ...]:
        """The measurements of both sides."""
        return tuple(
            {(one.workdir, one.row.cell) for one in side} for side in (self.models, self.baselines)
        )


def key_of(model: Row, baseline: Row, judged: tuple[str, ...], where: str) -> Key:
    """Return recipe, task, split and metric, the kinds of both models, see `sides`, and where.

    Args:
        judged: the languages that the difference is a mean over.
        where: these languages in words.
    """
    row = model
    return (
        *(row.recipe, row.task, row.split, row.metric),
        *(kind_in(model), kind_in(baseline)),
        *(judged, where),
    )


def contests(runs: Iterable[Run], asked: Sequence[Contest] = ()) -> list[Contest]:
    """Return every model of the runs against its baseline, in order of appearance.

    Models that count as one over their seeds are put together, see `sides`. A model with the same
    seeds that was measured twice, by two versions of the code, counts once.

    Args:
        asked: contests that a user asks for in addition; those that the runs have are not doubled.
    """
    found: dict[Key, tuple[Scope, _Seeds, _Seeds]] = {}
    for run in runs:
        for section in sections(run.rows):
            systems: dict[tuple[str, tuple[str, ...]], System] = {}
            for model, baselines in opponents(section).items():
                for scope in section.grid.scopes(model, baselines[0], section.where):
                    for name in (model, *baselines):
                        _measure(run.workdir, section, name, scope, systems)
                    row, base = (systems[name, scope.languages].row
                                 for name in (model, baselines[0]))  # fmt: skip
                    _, own, others = found.setdefault(
                        key_of(row, base, scope.languages, scope.where),
                        (scope, _Seeds(), _Seeds()),
                    )
                    own.add(systems[model, scope.languages])
                    for name in baselines:
                        if (name, scope.languages) in systems:
                            others.add(systems[name, scope.languages])
    listed = []
    for scope, own, others in found.values():
        clash = tuple(dict.fromkeys([*own.clash, *others.clash]))
        models, bases = (list(side.systems.values()) for side in (own, others))
        listed.append(
            Contest(
                *(scope.languages, scope.where, models, bases, scope.languages, clash),
                trained=scope.trained,
                left_out=scope.left_out,
            )
        )
    for contest in asked:
        if not any(is_same(contest, one) for one in listed):
            listed.append(contest)
    return listed


def _measure(
    workdir: Path,
    section: Section,
    model: str,
    scope: Scope,
    systems: dict[tuple[str, tuple[str, ...]], System],
) -> None:
    """Add a model as it was measured in some languages, if it was.

    All contests share it, as its outcomes are read only once.
    """
    cells = section.grid.cells
    rows = {code: cells[model, code] for code in scope.languages if (model, code) in cells}
    if rows:
        systems.setdefault((model, scope.languages), System(workdir, rows))


class _Seeds:
    """A model under all its seeds."""

    def __init__(self) -> None:
        self.systems: dict[tuple[int, ...], System] = {}
        self.clash: dict[str, None] = {}

    def add(self, system: System) -> None:
        before = self.systems.get(system.seeds)
        if before is not None and before.row.cell != system.row.cell:
            self.clash["/".join(map(str, system.seeds)) or "none"] = None
        self.systems[system.seeds] = system


def opponents(section: Section) -> dict[str, Sequence[str]]:
    """Return the baselines of each model of a section, by name, see `sides.baselines_for`."""
    grid = section.grid
    entrants = {}
    for model in grid.models:
        row = grid.row(model, grid.languages)
        if row is not None:
            entrants[model] = Entrant(kind_in(row), row.seed)
    return baselines_for(entrants, grid.baseline) if grid.baseline in entrants else {}


def is_same(one: Contest, other: Contest) -> bool:
    """Whether two contests are between the same measurements, in the same languages."""
    return one.languages == other.languages and one.cells == other.cells


def is_of_one_model(contest: Contest) -> bool:
    """Whether both sides are the same model, as a stage and what was exported from it are."""
    setups = {one.row.setup for one in (*contest.models, *contest.baselines)}
    own, base = ({one.seeds for one in side} for side in (contest.models, contest.baselines))
    return len(setups) == 1 and "" not in setups and own == base


def with_outcomes(contest: Contest) -> Contest | None:
    """Keep only the seeds and languages that have outcomes; None if there are none.

    Raises:
        InvalidArtifactError: some outcomes are damaged.
    """
    kept = [[one for one in side if one.outcomes] for side in (contest.models, contest.baselines)]
    if not all(kept):
        return None
    languages = tuple(
        code
        for code in contest.languages
        if all(code in one.outcomes for side in kept for one in side)
    )
    if not languages or len(languages) < _measured(contest):
        return None
    return replace(contest, languages=languages, models=kept[0], baselines=kept[1])


def name_of(systems: Sequence[System]) -> str:
    """Return the name of one system, or one name with `*` for several that differ in seeds."""
    return starred(list(dict.fromkeys(one.row.model for one in systems)))


def starred(names: Sequence[str]) -> str:
    """Return one name for models that differ in seeds: `a.s1` and `a.s2` become `a.s*`."""
    parts = [re.split(r"(\d+)", name) for name in names]
    if len({len(own) for own in parts}) > 1:
        return re.sub(r"\d+", "*", names[0])
    return "".join(same[0] if len({*same}) == 1 else "*" for same in zip(*parts, strict=True))


def _measured(contest: Contest) -> int:
    """Return the number of languages in which all systems of a contest were measured."""
    everyone = (*contest.models, *contest.baselines)
    return sum(all(code in one.rows for one in everyone) for code in contest.languages)


def setup_in(row: Row) -> str:
    """Return what a model is except for its seeds; its name if that was not recorded."""
    return row.setup or f"{row.model} {row.seed}"


def kind_in(row: Row) -> str:
    """Return what models that count as one over their seeds have in common, see `sides`."""
    return kind_of(setup_in(row), row.model)
