"""Differences in groups of languages: by class of resources, script, family, and each alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from adapterxlt.metrics.facts import facts_of
from adapterxlt.report.facts import FACETS, facet_of
from adapterxlt.report.paired import judge
from adapterxlt.report.study import Finding
from adapterxlt.report.systems import with_outcomes

RESAMPLES = 2_000  # intervals to look at: no verdict rests on them


@dataclass(frozen=True)
class Group:
    """A difference over some of the languages of a comparison.

    Args:
        gain: points, more being better whatever the metric; `low`, `high`: its 95 % interval.
        seeds: how many, in words.
    """

    languages: tuple[str, ...]
    gain: float
    low: float
    high: float
    examples: int
    seeds: str

    @property
    def apart(self) -> bool:
        """Whether the interval is away from nothing."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Facet:
    """One way of grouping: comparisons down, groups across."""

    name: str
    groups: tuple[str, ...]
    rows: tuple[tuple[Finding, dict[str, Group]], ...]


def facets(findings: Sequence[Finding]) -> list[Facet]:
    """By class, script, family and language; without those that would not tell groups apart."""
    asked = []
    for finding in findings:
        contest = with_outcomes(finding.contest)
        if contest is None or len(contest.languages) < 2:
            continue
        for facet in FACETS:
            members: dict[str, list[str]] = {}
            for code in contest.languages:
                members.setdefault(facet_of(code, facet), []).append(code)
            for group, codes in members.items():
                own = replace(contest, languages=tuple(codes))
                asked.append((facet, finding, group, own))
    verdicts = judge([own for _, _, _, own in asked], resamples=RESAMPLES)
    found: dict[str, dict[int, tuple[Finding, dict[str, Group]]]] = {}
    for (facet, finding, group, own), verdict in zip(asked, verdicts, strict=True):
        if verdict is None:
            continue
        one = verdict.found
        figures = one.points, one.low, one.high
        if facts_of(finding.found.metric).less_is_better:
            figures = -one.points, -one.high, -one.low
        _, cells = found.setdefault(facet, {}).setdefault(id(finding), (finding, {}))
        cells[group] = Group(own.languages, *figures, verdict.examples, finding.found.seeds_told)
    made = []
    for facet, rows in found.items():
        groups = {group: None for _, cells in rows.values() for group in cells}
        if len(groups) > 1:
            made.append(Facet(facet, tuple(sorted(groups, key=_order)), tuple(rows.values())))
    return made


def _order(group: str) -> tuple[bool, str]:
    return group == "not known", group
