"""Makes the cells of matrices: their text, look and tooltip."""

from __future__ import annotations

from dataclasses import dataclass

from adapterxlt.metrics.facts import Metric, facts_of
from adapterxlt.report.compare import signed
from adapterxlt.report.comparisons import shown_p
from adapterxlt.report.findings import Finding
from adapterxlt.report.groups import Group
from adapterxlt.report.sizes import besides
from adapterxlt.report.study import Study

ONE_ANSWER = "†"  # marks comparisons with a model that gives every example the same answer
_SIGNS = {"better": "▲", "worse": "▼"}
_FULL = 5.0  # points at which the colour reaches its full strength
_MIDDLE = 50  # percent: the strength of all colours in other units, which have no such scale


@dataclass(frozen=True)
class Cell:
    """A cell of a matrix.

    Args:
        gain: the value by which cells are sorted.
        look: `better`, `worse` or `pale`.
        strength: strength of the colour, in percent.
        tip: lines of the tooltip, which tell more.
        size: lines on what it rests on, as far as the column's heading does not show it.
    """

    text: str
    gain: float
    look: str
    strength: int
    tip: str
    size: str = ""


def matrix_cells(study: Study) -> dict[tuple[str, str], Cell]:
    """Return the cells of the matrix of a study."""
    return {
        (row, column): _of(one, "\n".join(besides(one.sizes, study.sizes[column])))
        for (row, column), one in study.cells.items()
    }


def _of(one: Finding, size: str) -> Cell:
    found = one.found
    look = found.verdict if one.shown else "pale"
    lines = [
        f"{one.label.full} on {one.column}",
        f"{one.figures} {one.facts.counted_in}, 95 %",
        f"p {shown_p(found.p_corrected)} (Holm); {_said(found.verdict)}",
        f"{one.size}; {found.where}, better in {found.better} of the languages",
        f"{found.model} vs {found.baseline}",
    ]
    if found.equivalent:
        lines.append(f"equal within {found.equivalence:g} {one.facts.counted_in}")
    if one.unseen:
        lines.append(f"without examples seen before: {one.unseen}")
    if found.constant:
        lines.append(f"{ONE_ANSWER} {found.constant_told}")
    return _cell(one.gain, one.facts, look, lines, size, ONE_ANSWER if found.constant else "")


def _said(verdict: str) -> str:
    return verdict if verdict != "not shown" else "no difference shown"


def group_cell(group: Group | None) -> Cell | None:
    """Return the cell of a group of languages, which shows examples and languages itself."""
    if group is None:
        return None
    facts = facts_of(group.metric)
    gain, low, high = (signed(one, facts.digits) for one in (group.gain, group.low, group.high))
    look = ("better" if group.low > 0 else "worse") if group.apart else "pale"
    lines = [
        f"{gain} [{low}, {high}] {facts.counted_in}, 95 %",
        f"{', '.join(group.languages)}: {group.examples:,} examples, seeds: {group.seeds}",
    ]
    count = len(group.languages)
    size = f"n {group.examples:,}" + (f" in {count}" if count > 1 else "")
    return _cell(group.gain, facts, look, lines, size)


def _cell(
    gain: float, facts: Metric, look: str, lines: list[str], size: str, mark: str = ""
) -> Cell:
    strength = _MIDDLE
    if facts.unit == "percent":
        strength = 20 + round(60 * min(1.0, abs(gain) / _FULL))
    sign = _SIGNS.get(look, "")
    return Cell(
        " ".join(filter(None, (mark, sign, signed(gain, facts.digits)))),
        *(gain, look, strength, "\n".join(lines), size),
    )


def rows_wanted(one: Finding) -> dict[str, list[str]]:
    """Return the values by which the rows of a comparison are found among all rows."""
    systems = (*one.contest.models, *one.contest.baselines)
    return {
        "task": [one.found.task],
        "split": [one.found.split],
        "model": sorted({system.row.model for system in systems}),
    }
