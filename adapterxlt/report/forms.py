"""A report as the text of a file, in each form that there is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from adapterxlt.report.comparisons import Comparison
from adapterxlt.report.read import Run
from adapterxlt.report.seeds import OverSeeds
from adapterxlt.report.study import Study
from adapterxlt.report.systems import Key, contests
from adapterxlt.report.written import latex, markdown, table

Form = Literal["html", "markdown", "csv", "latex"]


def written(
    form: Form,
    runs: Sequence[Run],
    found: Mapping[Key, Comparison],
    others: Sequence[OverSeeds],
) -> str:
    """The text of a report.

    Args:
        found: comparisons of models by the outcomes of examples.
        others: what is said over several seeds where no outcomes were kept.
    """
    if form == "html":
        from adapterxlt.report.page import render

        return render(runs, found, others)
    if form == "csv":
        return table(runs, found)
    study = Study(contests(runs), found)
    return latex(study) if form == "latex" else markdown(study, list(map(str, others)))
