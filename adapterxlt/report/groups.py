"""Groups differences by class of resources, script, family and single languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from adapterxlt.report.facts import FACETS, facet_of
from adapterxlt.report.findings import Finding
from adapterxlt.report.paired import judge
from adapterxlt.report.systems import with_outcomes

RESAMPLES = 2_000  # fewer than for verdicts: these intervals are only shown


@dataclass(frozen=True)
class Group:
    """A difference over some of the languages of a comparison.

    Args:
        metric: the metric, which tells the unit of the figures.
        gain: the difference; more is better, whatever the metric.
        low, high: its 95 % interval.
        seeds: the number of seeds, in words.
    """

    languages: tuple[str, ...]
    metric: str
    gain: float
    low: float
    high: float
    examples: int
    seeds: str

    @property
    def apart(self) -> bool:
        """Whether the interval does not contain zero."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Facet:
    """One way of grouping languages, as a table: comparisons down, groups across."""

    name: str
    groups: tuple[str, ...]
    rows: tuple[tuple[Finding, dict[str, Group]], ...]


def facets(findings: Sequence[Finding]) -> list[Facet]:
    """Group by class, script, family and language; omit what would not tell groups apart."""
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
        if finding.facts.less_is_better:
            figures = -one.points, -one.high, -one.low
        _, cells = found.setdefault(facet, {}).setdefault(id(finding), (finding, {}))
        cells[group] = Group(
            own.languages,
            finding.found.metric,
            *figures,
            verdict.examples,
            finding.found.seeds_told,
        )
    made = []
    for facet, rows in found.items():
        groups = {group: None for _, cells in rows.values() for group in cells}
        if len(groups) > 1:
            ordered = list(groups) if facet == "language" else sorted(groups, key=_order)
            made.append(Facet(facet, tuple(ordered), tuple(rows.values())))
    return made


def _order(group: str) -> tuple[bool, str]:
    return group == "not known", group
