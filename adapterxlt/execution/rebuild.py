"""Rebuilds WORKDIR/results.json from the measurements in the store."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from adapterxlt.errors import InvalidArtifactError, UsageError
from adapterxlt.execution.results import rows_of
from adapterxlt.execution.unnoted import Unnoted, names_of_unnoted
from adapterxlt.plan.memory import read_notes
from adapterxlt.progress import Progress
from adapterxlt.recipe.kinds import measures
from adapterxlt.results.file import DamagedResultsError, as_row
from adapterxlt.results.kept import free_name, locked, merge, present_rows, save
from adapterxlt.results.measures import Measure, read_measures
from adapterxlt.results.rows import RESULTS_NAME, Row
from adapterxlt.store.disk import check_folder
from adapterxlt.store.manifest import MANIFEST_NAME, Manifest
from adapterxlt.store.store import STORE_FOLDER, Store


def rebuild(workdir: Path, progress: Progress) -> Path:
    """Write WORKDIR/results.json from all measurements in the store.

    The rows of a readable file are kept. A file that cannot be read is renamed. Whatever could not
    be found out is logged.

    Raises:
        UsageError: there is no store.
        AdapterXLTError: the work folder cannot be written.
    """
    store = Store(workdir / STORE_FOLDER)
    if not store.root.is_dir():
        raise UsageError(
            f"{workdir}: there is no store to rebuild results from",
            hint="name a work folder of `adapterxlt run`",
        )
    check_folder(workdir)
    path = workdir / RESULTS_NAME
    with locked(workdir):
        try:
            rows = present_rows(workdir)
        except DamagedResultsError as error:
            rows, aside = [], free_name(workdir, "damaged")
            os.rename(path, aside)
            progress.log(f"{error.message}; it was renamed to {aside}")
        measured = _measured(store, progress)
        for cells in _by_recipe(store, measured, progress):
            new = [row.as_dict() for names, found in cells for row in rows_of(names, found)]
            order = [f"{names['stage']}/{names['model']}/{names['task']}" for names, _ in cells]
            rows = merge(rows, new, order)
        save(path, rows)
    progress.log(f"{path}: rebuilt from {len(measured)} stored measurements")
    return path


Cells = list[tuple[dict[str, Any], list[Measure]]]


def _measured(store: Store, progress: Progress) -> dict[str, tuple[Manifest, list[Measure]]]:
    """Return all undamaged measurements of a store by address, in the order they were made."""
    for problem in store.unreadable():
        progress.log(f"left out: {problem}")
    entries = [entry for entry in store.entries() if measures(entry.kind)]
    found = {}
    for entry in sorted(entries, key=lambda entry: _made(store, entry)):
        try:
            store.get(entry.fingerprint)
            found[entry.fingerprint] = entry, read_measures(store.path(entry.fingerprint))
        except InvalidArtifactError as error:
            progress.log(f"left out: {error.message}; run the recipe again to measure it")
    return found


def _made(store: Store, entry: Manifest) -> tuple[int, str]:
    manifest = store.path(entry.fingerprint) / MANIFEST_NAME
    return manifest.stat().st_mtime_ns, entry.title


def _by_recipe(
    store: Store, measured: Mapping[str, tuple[Manifest, list[Measure]]], progress: Progress
) -> Iterator[Cells]:
    """Yield what each recipe measured.

    If no note describes a measurement, its own entry in the store is used.
    """
    notes, unreadable = read_notes(store)
    for path in unreadable:
        progress.log(f"{path}: this record of a run cannot be read")
    for note in [note for note in notes if not all(map(_fits, note.cells))]:
        notes.remove(note)
        progress.log(f"{note.recipe} [{note.recipe_id}]: the record of its run is damaged")
    noted = {cell.get("cell") for note in notes for cell in note.cells}
    rest = [Unnoted(*measured[address]) for address in measured if address not in noted]
    if rest:
        names = ", ".join(dict.fromkeys(f"{one.entry.recipe}: {one.entry.title}" for one in rest))
        progress.log(
            f"there is no record of the recipe that measured {names}. The results are taken from "
            "the measurements themselves, so some facts are unknown: the baseline (`direct`, "
            "`none` or the first model is used), the seed of a bare backbone, and later names of "
            "renamed stages. Run the recipe again to correct this"
        )
        yield from names_of_unnoted(rest)
    for note in notes:
        there = [cell for cell in note.cells if cell.get("cell") in measured]
        if gone := len(note.cells) - len(there):
            progress.log(
                f"{note.recipe} [{note.recipe_id}]: {gone} of its {len(note.cells)} measurements "
                "are not in the store"
            )
        yield [(cell, measured[cell["cell"]][1]) for cell in there]


def _fits(cell: dict[str, Any]) -> bool:
    """Whether rows can be made from what a note says about a measurement."""
    try:
        as_row(asdict(Measure("de", "dev", "accuracy", True, 0.0, 0)) | cell)
    except ValidationError:
        return False
    return cell.keys() <= {field.name for field in fields(Row)}
