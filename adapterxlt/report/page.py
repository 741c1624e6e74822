"""The page of results: one file that needs no other, no script, everything escaped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from adapterxlt.report.answers import answers_of, notes_on, over_several
from adapterxlt.report.compare import signed, verdict
from adapterxlt.report.comparisons import Comparison
from adapterxlt.report.plots import by_language, by_layer
from adapterxlt.report.read import Run
from adapterxlt.report.sections import sections
from adapterxlt.report.seeds import SEEDS, OverSeeds
from adapterxlt.report.systems import Key
from adapterxlt.results.rows import Row


def render(
    runs: Sequence[Run], comparisons: Mapping[Key, Comparison], others: Sequence[OverSeeds]
) -> str:
    """Return the page; the same results give the same bytes.

    Args:
        comparisons: those that the outcomes of examples allow.
        others: what the runs say over several seeds where no outcomes were kept.
    """
    over = [str(one) for one in over_several(comparisons)]
    environment = Environment(
        loader=PackageLoader("adapterxlt.report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    several = len({run.workdir for run in runs}) > 1
    return (
        environment.get_template("page.html").render(
            parts=[(_name(run, several), sections(run.rows), _models(run.rows)) for run in runs],
            over=[*over, *map(str, others)],
            over_notes=[*notes_on(over), *([SEEDS] if others else [])],
            answers_of=lambda found: [
                sentence
                for section in found
                for sentence in answers_of(section, comparisons, several=False)
            ],
            notes_on=notes_on,
            by_language=by_language,
            by_layer=by_layer,
            signed=signed,
            verdict=verdict,
        )
        + "\n"
    )


def _name(run: Run, several: bool) -> str:
    return f"{run.workdir}: {run.heading}" if several else run.heading


def _models(rows: Sequence[Row]) -> list[Row]:
    """A row of each model: what it came from is the same in all of them."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        found.setdefault((row.model, row.fingerprint), row)
    return list(found.values())
