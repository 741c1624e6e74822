"""Reads results, and finds values of results.json that are not those that the store has."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from adapterxlt.results.cells import cell_measures
from adapterxlt.results.file import as_row, no_results, read_rows
from adapterxlt.results.rows import RESULTS_NAME, Row
from adapterxlt.show import number_of


def rows_to_judge(workdir: Path, log: Callable[[str], None]) -> list[Row]:
    """Read the rows of a work folder from which conclusions are drawn.

    Args:
        log: told of edited values. They are not removed: tables show the file, while comparisons
            and outcomes come from the store.

    Raises:
        UsageError: the folder has no results.
        DamagedResultsError: the file of results cannot be read.
    """
    try:
        rows = [as_row(row) for row in read_rows(workdir / RESULTS_NAME)]
    except (FileNotFoundError, NotADirectoryError) as error:
        raise no_results(workdir, error) from None
    for warning in _edited(workdir, rows):
        log(warning)
    return rows


def _edited(workdir: Path, rows: Sequence[Row]) -> Iterator[str]:
    """Yield a warning for each stage with values that the store has otherwise."""
    differing: dict[tuple[str, str, str], list[tuple[Row, float]]] = {}
    stored: dict[str, dict[tuple[object, ...], float]] = {}
    ids: dict[str, set[str]] = {}
    for row in rows:
        ids.setdefault(row.recipe, set()).add(row.recipe_id)
        if row.cell not in stored:
            stored[row.cell] = {
                (one.language, one.split, one.metric, one.layer, one.pooling): one.value
                for one in cell_measures(workdir, row.cell)
            }
        at = (row.language, row.split, row.metric, row.layer, row.pooling)
        value = stored[row.cell].get(at, row.value)
        if not math.isclose(value, row.value, rel_tol=1e-9, abs_tol=1e-9):
            differing.setdefault((row.recipe, row.recipe_id, row.stage), []).append((row, value))
    for (recipe, recipe_id, stage), found in differing.items():
        row, value = found[0]
        of = f"{recipe} [{recipe_id}]" if len(ids[recipe]) > 1 else recipe
        yield (
            f"warning: {workdir / RESULTS_NAME}: {number_of(len(found), 'value')} of stage "
            f"`{stage}` of {of} "
            f"{'is' if len(found) == 1 else 'are'} not what was measured, such as "
            f"{row.metric} of {row.model} on {row.task} {row.split}, {row.language}: "
            f"{row.value:g}, but the store has {value:g}; "
            f"`adapterxlt report {workdir} --rebuild` restores them"
        )
