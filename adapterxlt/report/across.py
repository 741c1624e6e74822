"""Finds the models that a user asks to compare, whichever recipes and work folders they are from.

A model is named as in the tables, and where that leaves several, with its work folder or recipe
before it: `nli`, `runs:nli`, `my-recipe:nli`, `runs:my-recipe:nli`. The backbone itself, which may
be measured with language adapters and without, can be named by the stage that measured it:
`search:none`. As in the report, `*` stands for numbers: `nli.s*` is one model under several seeds.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from adapterxlt.errors import UsageError
from adapterxlt.languages import is_among
from adapterxlt.metrics.facts import facts_of
from adapterxlt.metrics.statistics import fitting
from adapterxlt.report.read import Run
from adapterxlt.report.scopes import Scope, scopes_of
from adapterxlt.report.sections import sections
from adapterxlt.report.systems import Contest, System, setup_in, with_outcomes
from adapterxlt.results.outcomes import Outcomes
from adapterxlt.results.rows import Row
from adapterxlt.suggest import few, suggest

Asked = tuple[str, str]  # the names of a model and of the baseline
Measured = tuple[str, str, str]  # task, split, metric


@dataclass(frozen=True)
class _Found:
    """A model as one section has it.

    Args:
        recipes: the names of its recipe, see `Run.names`.
        where: where differences are measured, in words.
    """

    system: System
    recipes: Sequence[str]
    where: str

    @property
    def row(self) -> Row:
        return self.system.row

    @property
    def key(self) -> Measured:
        return self.row.task, self.row.split, self.row.metric

    @property
    def names(self) -> list[str]:
        """All names that it can be called by, short ones first."""
        row, folder = self.row, str(self.system.workdir)
        return [
            row.model,
            f"{folder}:{row.model}",
            *(f"{recipe}:{row.model}" for recipe in self.recipes),
            *(f"{folder}:{recipe}:{row.model}" for recipe in self.recipes),
            *([] if row.fingerprint else [f"{row.stage}:{row.model}"]),
        ]

    @property
    def identity(self) -> tuple[str, bool]:
        """What was measured, and whether with language adapters that are swapped in."""
        row = self.row  # a backbone without training has its name only
        spoken = any(one.language_adapter is not None for one in self.system.rows.values())
        return row.fingerprint or row.lineage, spoken


def across(
    runs: Sequence[Run],
    asked: Iterable[Asked],
    log: Callable[[str], None],
    *,
    by: str = "--compare",
) -> list[Contest]:
    """Return the contests that a user asks for: of all tasks on which both models were measured.

    Args:
        log: is told of tasks that cannot be compared, if others can.
        by: the option or function that asks, for messages.

    Raises:
        UsageError: a model is unknown, several have its name, or nothing can be compared.
        InvalidArtifactError: outcomes are damaged.
    """
    known = list(_all(runs))
    return [contest for pair in asked for contest in _contests(known, pair, log, by)]


def _all(runs: Iterable[Run]) -> Iterator[_Found]:
    """Yield every model of every section."""
    for run in runs:
        for section in sections(run.rows):
            for model in section.grid.models:
                rows = {code: row for (name, code), row in section.grid.cells.items()
                        if name == model}  # fmt: skip
                if rows:
                    yield _Found(System(run.workdir, rows), run.names, section.where)


def _contests(
    known: Sequence[_Found], pair: Asked, log: Callable[[str], None], by: str
) -> Iterator[Contest]:
    sides = [_called(known, name, by) for name in pair]
    keys = [key for key in sides[0] if key in sides[1]]
    told = " and ".join(f"`{name}`" for name in pair)
    if not keys:
        raise UsageError(
            f"{by}: {told} were not measured on the same task, split and metric",
            hint="; ".join(
                f"`{name}` was measured on {few(_on(key) for key in side)}"
                for name, side in zip(pair, sides, strict=True)
            ),
        )
    reasons: dict[str, None] = {}
    count = 0
    for key in keys:
        found = _contests_on(pair, [side[key] for side in sides], by)
        if not found:
            reasons[f"on {_on(key)}, both names are of the same model"] = None
        for contest in found:
            if reason := _problem(contest):
                reasons[f"on {_on(key)}, {reason}"] = None
            else:
                count += 1
                yield contest
    if not count:
        raise UsageError(f"{by}: {told} cannot be compared: {'; '.join(reasons)}")
    for reason in reasons:
        log(f"{by}: {told} are not compared {reason}")


def _called(known: Sequence[_Found], name: str, by: str) -> dict[Measured, list[_Found]]:
    """Return what a model of this name was measured on.

    Raises:
        UsageError: no model has this name.
    """
    pattern = re.compile(r"\d+".join(map(re.escape, name.split("*"))))
    found: dict[Measured, list[_Found]] = {}
    for one in known:
        if any(pattern.fullmatch(each) for each in one.names):
            found.setdefault(one.key, []).append(one)
    if not found:
        names = {each for one in known for each in one.names if ":" in name or ":" not in each}
        raise UsageError(f"{by}: no model is called `{name}`", hint=suggest(name, names))
    return found


def _contests_on(pair: Asked, sides: Sequence[Sequence[_Found]], by: str) -> list[Contest]:
    """Return the contests of two models on a task; [] if they are one model.

    A model that two stages measured, as in other languages or with another cap, counts as it has
    most languages in common with the other, then most examples.
    """
    groups = [_groups(name, side, by) for name, side in zip(pair, sides, strict=True)]
    own, base = max(itertools.product(*groups), key=_common)
    if setup_in(own[0].row) == setup_in(base[0].row) and _identities(own) & _identities(base):
        return []
    rows, shared = _shared((own, base))
    trained = {code for each in rows for row in each.values() for code in row.trained_in}
    zero_shot = [code for code in shared if not is_among(code, trained)]
    judged = tuple(zero_shot or shared)
    where = own[0].where
    if base[0].where != where:
        where += f" (the baseline {base[0].where})"
    general = Scope(judged, where if zero_shot else f"in {', '.join(judged)}")
    found = []
    trained_in = own[0].row.trained_in, base[0].row.trained_in
    layer = "" if own[0].row.layer is None else where
    for scope in scopes_of(shared, general, trained_in, layer):
        clash: list[str] = []
        models, baselines = (_by_seeds(group, scope.languages, clash) for group in (own, base))
        found.append(
            Contest(
                *(scope.languages, scope.where, models, baselines, scope.languages, tuple(clash)),
                asked=pair,
                trained=scope.trained,
                left_out=scope.left_out,
            )
        )
    return found


def _groups(name: str, side: Sequence[_Found], by: str) -> list[list[_Found]]:
    """Return the measurements of one model, in groups that differ in more than seeds.

    Raises:
        UsageError: they are of several models.
    """
    groups: dict[tuple[str, bool], list[_Found]] = {}
    for one in side:
        groups.setdefault((setup_in(one.row), one.identity[1]), []).append(one)
    first, *others = groups.values()
    if any(not _identities(first) & _identities(other) for other in others):
        raise UsageError(
            f"{by}: several models on {_on(side[0].key)} are called `{name}`",
            hint=f"say which: {few(_telling([first, *others]))}",
        )
    return [first, *others]


def _identities(group: Sequence[_Found]) -> set[tuple[str, bool]]:
    return {one.identity for one in group}


def _telling(groups: Sequence[Sequence[_Found]]) -> list[str]:
    """Return the shortest name of each group that the others do not have."""
    told = []
    for group in groups:
        others = {name for one in groups if one is not group for each in one for name in each.names}
        names = (name for one in group for name in one.names)
        told.append(next((name for name in names if name not in others), group[0].names[-1]))
    return [f"`{name}`" for name in dict.fromkeys(told)]


def _shared(groups: Iterable[Sequence[_Found]]) -> tuple[list[Mapping[str, Row]], list[str]]:
    """Return the rows of each measurement, and the languages that all of them have."""
    rows = [one.system.rows for group in groups for one in group]
    return rows, [code for code in rows[0] if all(code in each for each in rows)]


def _common(groups: tuple[Sequence[_Found], ...]) -> tuple[int, int]:
    """Return how many languages, and then how many examples, two groups have in common."""
    rows, shared = _shared(groups)
    return len(shared), sum(min(each[code].n for each in rows) for code in shared)


def _by_seeds(group: Sequence[_Found], judged: Sequence[str], clash: list[str]) -> list[System]:
    """Return one system for each seed; if one was measured twice, the last counts."""
    found: dict[tuple[int, ...], System] = {}
    for one in group:
        rows = {code: one.system.rows[code] for code in judged}
        system = System(one.system.workdir, rows) if rows else one.system
        before = found.get(system.seeds)
        if before is not None and before.row.cell != system.row.cell:
            clash.append("/".join(map(str, system.seeds)) or "none")
        found[system.seeds] = system
    return list(found.values())


def _problem(contest: Contest) -> str:
    """Return why a contest cannot be judged; "" if it can."""
    if not contest.languages:
        return "they have no language in common"
    kept = with_outcomes(contest)
    if kept is None:
        return "the outcomes of examples were not kept"
    metric = facts_of(kept.models[0].row.metric)
    for code in kept.languages:
        first, *others = [one.outcomes[code] for one in (*kept.models, *kept.baselines)]
        statistics = {fitting(metric.statistics, each.columns) for each in (first, *others)}
        if None in statistics or len(statistics) > 1:
            return f"their outcomes do not give {metric.name}"
        for other in others:
            if reason := _differ(first, other):
                return f"{reason} in {code}"
    return ""


def _differ(one: Outcomes, other: Outcomes) -> str:
    """Say why the examples of two measurements are not the same; "" if they are."""
    if not np.isin(one.ids, other.ids).any():
        return "they have no example in common"
    gold = [name for name in ("gold", "gold_value", "words") if name in one.columns]
    if not gold and one.ids.dtype.kind in "iu" and len(one) != len(other):
        return "examples have only their numbers, and their counts differ"
    _, own, its = np.intersect1d(one.ids, other.ids, return_indices=True)
    for name in gold:
        listed = [each.columns.get(name) for each in (one, other)]
        if listed[1] is None or one.labels != other.labels:
            return "the examples have other labels"
        assert listed[0] is not None
        if not np.array_equal(listed[0][own], listed[1][its]):
            return "examples with the same ids have other labels, so they are not the same"
    return ""


def _on(key: Measured) -> str:
    task, split, metric = key
    return f"{task} {split}, {metric}"
