"""Renders the page of results: one self-contained file with everything escaped."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from adapterxlt.report.answers import answers_of, notes_on, over_several
from adapterxlt.report.compare import signed, verdict
from adapterxlt.report.comparisons import Comparison, shown_p
from adapterxlt.report.costs import spent
from adapterxlt.report.courses import courses
from adapterxlt.report.embed import embedded, rows_of
from adapterxlt.report.forest import forest
from adapterxlt.report.groups import facets
from adapterxlt.report.makers import makers_of
from adapterxlt.report.page.cells import ONE_ANSWER, group_cell, matrix_cells, rows_wanted
from adapterxlt.report.page.parts import parts_of, seen_of
from adapterxlt.report.plots import by_language, by_layer, cost_plots, curves
from adapterxlt.report.read import Run
from adapterxlt.report.references import beside
from adapterxlt.report.score_tables import seed_tables
from adapterxlt.report.seeds import SEEDS, OverSeeds
from adapterxlt.report.sizes import besides, mean_over
from adapterxlt.report.soups import soups
from adapterxlt.report.study import Study
from adapterxlt.report.systems import Contest, Key, contests

_HERE = Path(__file__).parent
_FEW = 5_000  # with more rows than this, only tables give the values of single languages


def render(
    runs: Sequence[Run],
    comparisons: Mapping[Key, Comparison],
    others: Sequence[OverSeeds],
    asked: Sequence[Contest] = (),
) -> str:
    """Return the page; the same results give the same bytes.

    Args:
        comparisons: the comparisons that the outcomes of examples allow.
        others: comparisons over several seeds for which no outcomes were kept.
        asked: contests that a user asks for in addition.
    """
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = (_HERE / "page.js").read_text(encoding="utf-8")
    study = Study(contests(runs, asked), comparisons)
    found, count = spent(runs), sum(len(run.rows) for run in runs)
    seeded = over_several(comparisons)
    over = [f"{one}; {one.examples:,} {one.counts}s" for one in seeded]
    parts = parts_of(runs, lambda part: answers_of(part, comparisons, several=False))
    return (
        environment.get_template("page.html").render(
            style=(_HERE / "style.css").read_text(encoding="utf-8"),
            script=script,
            script_hash=_hash_of(script),
            names=[run.heading for run in runs],
            study=study,
            forest=forest(study.about),
            cells=matrix_cells(study),
            one_answer=ONE_ANSWER,
            facets=facets(study.findings),
            group_cell=group_cell,
            rows_wanted=rows_wanted,
            seed_tables=seed_tables(runs),
            remarks=soups(runs),
            parts=parts,
            retrieved=any(section.layers for part in parts for section in part.sections),
            over=[*over, *map(str, others)],
            over_notes=[*notes_on(seeded), *([SEEDS] if others else [])],
            notes_on=notes_on,
            mean_over=mean_over,
            besides=besides,
            unbroken=_unbroken,
            few=count <= _FEW,
            spent=found,
            cost_plots=cost_plots(found.costs),
            curves=curves(found.trainings),
            courses=courses(found.trainings),
            uncharted=sum(one.course is None for one in found.trainings),
            makers=makers_of(runs),
            seen=seen_of(runs),
            beside=beside(runs),
            rows=embedded(rows_of(runs)),
            count=count,
            by_language=by_language,
            by_layer=by_layer,
            signed=signed,
            shown_p=shown_p,
            verdict=verdict,
        )
        + "\n"
    )


def _unbroken(text: str) -> str:
    """Return a text in which no line ends within an interval, or between a number and its %."""
    return re.sub(r" (?=%)|(?<=,) (?=[^\[\]]*\])", "\N{NO-BREAK SPACE}", text)


def _hash_of(script: str) -> str:
    """Return the hash that allows this script to run on the page, and no other."""
    digest = hashlib.sha256(script.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
