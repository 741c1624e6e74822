"""Finds the models to compare in the rows of runs, seed by seed, with their outcomes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from adapterxlt.report.read import Run
from adapterxlt.report.sections import sections
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
    def cells(self) -> tuple[set[tuple[Path, str]], ...]:
        """The measurements of both sides."""
        return tuple(
            {(one.workdir, one.row.cell) for one in side} for side in (self.models, self.baselines)
        )


def key_of(model: Row, baseline: Row, judged: tuple[str, ...], where: str) -> Key:
    """Return recipe, task, split and metric, what both models are, without their seeds, and where.

    Args:
        judged: the languages that the difference is a mean over.
        where: these languages in words.
    """
    row = model
    return (
        *(row.recipe, row.task, row.split, row.metric),
        *(setup_in(model), setup_in(baseline)),
        *(judged, where),
    )


def contests(runs: Iterable[Run], asked: Sequence[Contest] = ()) -> list[Contest]:
    """Return every model of the runs against its baseline, in order of appearance.

    Models that differ only in seeds are put together, whatever their names are. A model with the
    same seeds that was measured twice, by two versions of the code, counts once.

    Args:
        asked: contests that a user asks for in addition; those that the runs have are not doubled.
    """
    found: dict[tuple[object, ...], dict[str, dict[object, System]]] = {}
    clashes: dict[tuple[object, ...], dict[str, dict[str, None]]] = {}
    order: list[tuple[tuple[object, ...], str, str]] = []
    for run in runs:
        for section in sections(run.rows):
            grid = section.grid
            systems = {}
            for model in grid.models:
                rows = {code: grid.cells[model, code] for code in grid.judged
                        if (model, code) in grid.cells}  # fmt: skip
                if rows:
                    systems[model] = System(run.workdir, rows)
            if grid.baseline not in systems:
                continue
            base = systems[grid.baseline].row
            key = (base.recipe, base.task, base.split, base.metric, grid.judged,
                   grid.place(section.where))  # fmt: skip
            against = setup_in(base)
            groups = found.setdefault((*key, against), {})
            for system in systems.values():
                setup = setup_in(system.row)
                seeds = groups.setdefault(setup, {})
                before = seeds.get(system.seeds)
                if before is not None and before.row.cell != system.row.cell:
                    told = "/".join(map(str, system.seeds)) or "none"
                    clashes.setdefault((*key, against), {}).setdefault(setup, {})[told] = None
                seeds[system.seeds] = system
                if setup != against and (found_at := ((*key, against), setup,
                                                      against)) not in order:  # fmt: skip
                    order.append(found_at)
    listed = []
    for at, model, baseline in order:
        languages, where = at[4], at[5]
        assert isinstance(languages, tuple)
        groups = found[at]
        twice = clashes.get(at, {})
        clash = tuple(dict.fromkeys([*twice.get(model, ()), *twice.get(baseline, ())]))
        contest = Contest(languages, str(where), judged=languages, clash=clash)
        contest.models = list(groups[model].values())
        contest.baselines = list(groups[baseline].values())
        listed.append(contest)
    for contest in asked:
        if not any(_same(contest, one) for one in listed):
            listed.append(contest)
    return listed


def _same(one: Contest, other: Contest) -> bool:
    """Whether two contests are between the same measurements, in the same languages."""
    return one.languages == other.languages and one.cells == other.cells


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
