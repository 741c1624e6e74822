"""Writes a report as Markdown or LaTeX, and every row as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

from adapterxlt.report.answers import notes_on
from adapterxlt.report.comparisons import PAIR, Comparison, Unseen, shown_p
from adapterxlt.report.findings import Finding
from adapterxlt.report.markup import comment, escaped, markdown_table, plain, tabular
from adapterxlt.report.origins import origin_of
from adapterxlt.report.read import Run
from adapterxlt.report.scopes import FEW, told_languages
from adapterxlt.report.score_tables import ScoreTable
from adapterxlt.report.study import Study
from adapterxlt.report.systems import Contest, Key, contests, key_of, kind_in
from adapterxlt.results.rows import Row

_FORMULA = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
)  # how formulas start
_FIGURES = ("languages", "points", "low", "high", "p", "p_corrected", "verdict", "examples",
            "counts", "seeds", "equivalence", "equivalent")  # fmt: skip
_UNSEEN = tuple(one.name for one in fields(Unseen))  # without examples that had been seen
_WITHOUT = "without examples seen before"


def markdown(
    study: Study,
    others: Sequence[str],
    tables: Sequence[ScoreTable] = (),
    remarks: Sequence[str] = (),
) -> str:
    """Write the scores, then the answer, the matrix and every comparison as Markdown.

    Args:
        others: sentences on comparisons for which no outcomes were kept.
        tables: the tables of scores.
        remarks: sentences on single models.
    """
    lines = ["# Scores", ""] if tables else []
    for one in tables:
        lines += [f"## {plain(one.title)}", "", *markdown_table(one.head, one.body), ""]
        lines += [f"- {plain(note)}" for note in one.notes] + [""]
    for remark in remarks:
        lines += [plain(remark), ""]
    lines += [f"# {study.question}", "", *map(plain, study.answer or [study.unanswered]), ""]
    if study.findings:
        head = [study.heading, *study.columns]
        body = [
            [row, *(_short(study.cells.get((row, column))) for column in study.columns)]
            for row in study.rows
        ]
        lines += [*markdown_table(head, body), ""]
        listed = [{study.heading: one.row, **_full(one)} for one in study.findings]
        head = [name for name in listed[0] if any(one[name] for one in listed)]
        body = [[one[name] or "-" for name in head] for one in listed]
        lines += [*markdown_table(head, body), ""]
        for note in _notes(study):
            lines += [plain(note), ""]
    lines += [f"- {plain(one)}" for one in others]
    return "\n".join(lines).rstrip() + "\n"


def latex(study: Study, tables: Sequence[ScoreTable] = (), remarks: Sequence[str] = ()) -> str:
    """Write the scores and the matrix in LaTeX for `booktabs`; shown differences are bold.

    Args:
        tables: the tables of scores.
        remarks: sentences on single models.
    """
    lines = ["% \\usepackage{booktabs}"] if tables or study.findings else []
    for one in tables:
        body = [
            [escaped(row[0]), *(escaped(cell).replace("±", "$\\pm$") for cell in row[1:])]
            for row in one.body
        ]
        lines += [comment(one.title), *tabular(list(map(escaped, one.head)), body)]
        lines += [*map(comment, one.notes), ""]
    lines += map(comment, remarks)
    if not study.findings:
        return "\n".join([*lines, comment(study.unanswered)]) + "\n"
    body = [
        [escaped(row), *(_cell(study.cells.get((row, column))) for column in study.columns)]
        for row in study.rows
    ]
    lines += tabular([study.heading, *map(escaped, study.columns)], body)
    lines += map(comment, [*study.answer, *_notes(study)])
    lines += [comment(f"{column}: {told}") for column, told in _named(study)]
    units = " or ".join(study.units)
    lines.append(f"% bold: shown to differ (5 %, Holm); brackets: 95 % interval, in {units}")
    if any(one.found.equivalent for one in study.findings):
        lines.append("% =: equal within the margin that the recipe gives")
    if any(one.unseen for one in study.findings):
        lines.append(f"% after a semicolon: {_WITHOUT}")
    return "\n".join(lines) + "\n"


def table(
    runs: Sequence[Run], comparisons: Mapping[Key, Comparison], asked: Sequence[Contest] = ()
) -> str:
    """Write every row as CSV, with its model's training and the comparison it is part of.

    Args:
        asked: contests that a user asks for; the rows of their models stand once more below, with
            the other baseline.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    names = [one.name for one in fields(Row)]
    writer.writerow(["workdir", *names, "intermediate", "how", "method",
                     *(f"comparison_{name}" for name in _FIGURES),
                     *(f"comparison_unseen_{name}" for name in _UNSEEN)])  # fmt: skip
    told: dict[tuple[object, ...], list[Comparison]] = {}
    listed = contests(runs, asked)
    for contest in listed:
        if (found := comparisons.get(contest.key)) and not contest.asked:
            for system in contest.models:
                against = kind_in(contest.baselines[0].row)
                told.setdefault((*_place(system.row), against), []).append(found)

    def write(workdir: Path, row: Row, found: Comparison | None) -> None:
        origin = origin_of(row)
        figures = [_safe(getattr(found, name, None)) for name in _FIGURES]
        unseen = found.unseen if found else None
        figures += [_safe(getattr(unseen, name, None)) for name in _UNSEEN]
        writer.writerow(
            [_safe(str(workdir)), *(_safe(getattr(row, name)) for name in names),
             _safe(" + ".join(origin.intermediate)), origin.how, _safe(origin.method), *figures]
        )  # fmt: skip

    for run in runs:
        kinds = {(row.stage, row.model, row.task): kind_in(row) for row in run.rows}
        for row in run.rows:
            against = kinds.get((row.stage, row.baseline, row.task), "")
            write(run.workdir, row, _about(told.get((*_place(row), against), []), row))
    for contest in listed:
        if (found := comparisons.get(contest.key)) and contest.asked:
            for system in contest.models:
                for row in system.rows.values():
                    own = _about([found], row)
                    write(system.workdir, replace(row, baseline=contest.names[1]), own)
    return file.getvalue()


def _place(row: Row) -> tuple[object, ...]:
    """Return the key that tells whether a row belongs to a comparison."""
    return *key_of(row, row, (), "")[:5], row.layer, row.pooling


def _about(found: Sequence[Comparison], row: Row) -> Comparison | None:
    """Return the comparison that a row is part of, which is one over its language."""
    return next((one for one in found if row.language in one.languages), None)


def _safe(value: object) -> object:
    """Return a value that a spreadsheet does not take for a formula."""
    if isinstance(value, tuple):
        value = " ".join(value)
    if isinstance(value, str):
        value = value.replace("\r", " ")  # it would end the line, and `csv` does not quote it
        return f"'{value}" if value.startswith(_FORMULA) else value
    return "" if value is None else value


def _short(one: Finding | None) -> str:
    if one is None:
        return "-"
    return f"**{one.figures}**" if one.shown else one.figures


def _full(one: Finding) -> dict[str, str]:
    """Return all about a comparison, by the heading of the column; "" for what it does not have."""
    gain, _, interval = one.figures.partition(" ")
    found = one.found
    return {
        "target": one.column,
        "points": gain if one.facts.unit == "percent" else f"{gain} {one.facts.counted_in}",
        "95 %": interval,
        "p (Holm)": shown_p(found.p_corrected),
        "verdict": one.verdict,
        "equal": f"within {found.equivalence:g}" if found.equivalent else "",
        _WITHOUT: one.unseen,
        "languages": f"better in {found.better_told}",
        "examples": f"{found.examples}{' pairs' if found.counts == PAIR else ''}",
        "seeds": found.seeds_told,
        "one answer": found.constant_told,
    }


def _notes(study: Study) -> list[str]:
    return [*notes_on(one.found for one in study.findings), *study.notes]


def _named(study: Study) -> Iterator[tuple[str, str]]:
    """Yield the columns whose headings do not tell which languages they cover, and these."""
    for column in study.columns:
        found = [one.found for one in study.findings if one.column == column]
        told = dict.fromkeys(
            told_languages(one.languages, one.left_out)
            for one in found
            if len(one.languages) <= FEW or one.left_out
        )
        if told and not any(one.trained for one in found):
            yield column, "; ".join(told)


def _cell(one: Finding | None) -> str:
    if one is None:
        return "--"
    gain, _, interval = one.figures.partition(" ")
    gain = f"\\mathbf{{{gain}}}" if one.shown else gain
    equal = " =" if one.found.equivalent else ""
    figures = f"${interval}$"
    if one.unseen:
        figures += f"; ${one.unseen}$"
    return f"${gain}${equal} {{\\scriptsize {figures}}}"
