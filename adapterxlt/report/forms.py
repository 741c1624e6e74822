"""Writes a report as the text of a file, in one of several forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from adapterxlt.report.comparisons import Comparison
from adapterxlt.report.read import Run
from adapterxlt.report.score_tables import score_tables
from adapterxlt.report.seeds import OverSeeds
from adapterxlt.report.soups import soups
from adapterxlt.report.study import Study
from adapterxlt.report.systems import Contest, Key, contests
from adapterxlt.report.written import latex, markdown, table

Form = Literal["html", "markdown", "csv", "latex"]


def written(
    form: Form,
    runs: Sequence[Run],
    found: Mapping[Key, Comparison],
    others: Sequence[OverSeeds],
    asked: Sequence[Contest] = (),
) -> str:
    """Return the text of a report.

    Args:
        found: the comparisons of models that the outcomes of examples allow.
        others: comparisons over several seeds for which no outcomes were kept.
        asked: contests that a user asks for in addition, see `across`.
    """
    if form == "html":
        from adapterxlt.report.page import render

        return render(runs, found, others, asked)
    if form == "csv":
        return table(runs, found, asked)
    study = Study(contests(runs, asked), found)
    tables, remarks = score_tables(runs), soups(runs)
    if form == "latex":
        return latex(study, tables, remarks)
    return markdown(study, list(map(str, others)), tables, remarks)
