"""Finds values of results.json that are not those that the store has for the same measurement."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from adapterxlt.report.read import Run
from adapterxlt.results.cells import cell_measures
from adapterxlt.results.rows import RESULTS_NAME, Row
from adapterxlt.show import number_of


def edited(runs: Iterable[Run]) -> Iterator[str]:
    """Yield a warning for each stage with such values.

    They are not removed: tables show the file, and comparisons are made from the store.
    """
    for run in runs:
        differing: dict[str, list[tuple[Row, float]]] = {}
        stored: dict[str, dict[tuple[object, ...], float]] = {}
        for row in run.rows:
            if row.cell not in stored:
                measures = cell_measures(run.workdir, row.cell)
                stored[row.cell] = {
                    (one.language, one.split, one.metric, one.layer, one.pooling): one.value
                    for one in measures
                }
            at = (row.language, row.split, row.metric, row.layer, row.pooling)
            value = stored[row.cell].get(at, row.value)
            if not math.isclose(value, row.value, rel_tol=1e-9, abs_tol=1e-9):
                differing.setdefault(row.stage, []).append((row, value))
        path = run.workdir / RESULTS_NAME
        for stage, found in differing.items():
            row, value = found[0]
            yield (
                f"warning: {path}: {number_of(len(found), 'value')} of stage `{stage}` "
                f"of {run.heading} "
                f"{'is' if len(found) == 1 else 'are'} not what was measured, such as "
                f"{row.metric} of {row.model} on {row.task} {row.split}, {row.language}: "
                f"{row.value:g}, but the store has {value:g}; "
                f"`adapterxlt report {run.workdir} --rebuild` restores them"
            )
