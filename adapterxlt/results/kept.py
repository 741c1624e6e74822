"""WORKDIR/results.json: the results of all recipes; no recipe overwrites those of another."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from filelock import FileLock

from adapterxlt.progress import Progress, Silent
from adapterxlt.results.file import DamagedResultsError, Rows, read_rows
from adapterxlt.results.rows import RESULTS_NAME, RESULTS_SCHEMA, Row
from adapterxlt.results.versions import by_version, contained, key_of
from adapterxlt.store.files import write_json


def check_results(workdir: Path) -> None:
    """Check before any work that results can be added to WORKDIR/results.json.

    Raises:
        DamagedResultsError: the file is damaged or has another schema.
    """
    present_rows(workdir)


def present_rows(workdir: Path) -> Rows:
    """Read the rows of WORKDIR/results.json; none if it does not exist.

    Raises:
        DamagedResultsError: see `check_results`.
    """
    try:
        return read_rows(workdir / RESULTS_NAME)
    except (FileNotFoundError, NotADirectoryError):
        return []


def write_results(
    workdir: Path,
    recipe: str,
    rows: Sequence[Row],
    *,
    order: Sequence[str] = (),
    progress: Progress | None = None,
) -> Path:
    """Write the rows of a run into WORKDIR/results.json; those of all others stay.

    The file depends only on what was run, and in which order: the same runs give the same bytes.
    A file that cannot be read is left as it is, and the rows are written to another file there.

    Args:
        recipe: the recipe's name.
        order: step ids of all cells of the recipe, in plan order.

    Returns:
        The file that was written.
    """
    progress = progress or Silent()
    path = workdir / RESULTS_NAME
    with locked(workdir):
        try:
            present = present_rows(workdir)
        except DamagedResultsError as error:
            present, path = [], free_name(workdir, recipe)
            progress.log(f"warning: {error}\n  the results of {recipe} are in {path}")
        merged = merge(present, [row.as_dict() for row in rows], order)
        save(path, merged)
    return path


@contextmanager
def locked(workdir: Path) -> Iterator[None]:
    """Lock WORKDIR/results.json against other processes."""
    workdir.mkdir(parents=True, exist_ok=True)
    with FileLock(workdir / f".{RESULTS_NAME}.lock"):
        yield


def save(path: Path, rows: Rows) -> None:
    """Write a file of results; if `path` is a link, write the file that it leads to."""
    write_json(path.resolve(), {"schema": RESULTS_SCHEMA, "rows": rows})


def merge(present: Rows, new: Rows, order: Sequence[str] = ()) -> Rows:
    """Return the rows of a file after a run.

    Args:
        present: rows of the file.
        new: rows of the run, all from one version of a recipe.
        order: step ids of all cells of the run, in plan order.
    """
    if not new:
        return present
    key = key_of(new[0])
    versions: dict[Any, list[Mapping[str, Any]]] = by_version(present)
    measured = {(row["stage"], row["model"], row["task"], row.get("cell")) for row in new}
    kept = [  # rows of earlier cells that this run has not measured
        row
        for row in versions.get(key, [])
        if row.get("cell")
        and (row["stage"], row["model"], row["task"], row["cell"]) not in measured
    ]
    places = {step: place for place, step in enumerate(order)}
    versions[key] = sorted(
        [*kept, *new],
        key=lambda row: places.get(f"{row['stage']}/{row['model']}/{row['task']}", len(places)),
    )
    for other in [other for other in versions if other[0] == key[0] and other != key]:
        if contained(versions[other], versions[key]):
            del versions[other]
        elif contained(versions[key], versions[other]):
            del versions[key]
            break
    merged = [dict(row) for rows in versions.values() for row in rows]
    return sorted(merged, key=lambda row: str(row["recipe"]))  # stable: versions keep their order


def free_name(workdir: Path, word: str) -> Path:
    """Return a free file name next to the results: `results.WORD.json` if possible."""
    names = (workdir / f"results.{word}{f'-{n}' if n > 1 else ''}.json" for n in count(1))
    return next(name for name in names if not os.path.lexists(name))
