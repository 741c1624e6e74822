"""Records of the runs in a store: for each recipe, its steps and its measurements.

A note is kept for every recipe and everything that `--set`, `--data` or an edit made of it, so
that a plan can say what changed since, and results can be made again from the store.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from adapterxlt.store.files import address_of, write_json
from adapterxlt.store.store import Store

NOTES_FOLDER = ".runs"
NOTE_SCHEMA = 1
_OLD_FOLDER = ".plans"  # where the last plan of each name was kept before

Parts = Mapping[str, object]


@dataclass(frozen=True)
class Note:
    """One recipe that was run in a store.

    Args:
        recipe: its name.
        recipe_id: short hash of its content.
        order: notes of a store are numbered as they were first made.
        steps: fingerprint parts by step id.
        cells: of each measurement, in plan order, its address and what its rows say of it.
    """

    recipe: str
    recipe_id: str
    order: int
    steps: dict[str, dict[str, object]]
    cells: list[dict[str, Any]]

    @property
    def addresses(self) -> set[str]:
        """The addresses of all its steps."""
        return {address_of(parts) for parts in self.steps.values()}


def remember(
    store: Store,
    recipe: str,
    recipe_id: str,
    steps: Mapping[str, Parts],
    cells: Sequence[Mapping[str, Any]],
) -> None:
    """Keep a note of a run that begins; the note of an earlier run of the same is renewed."""
    folder = store.root / NOTES_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        notes, _ = read_notes(store)
        known = {(note.recipe, note.recipe_id): note.order for note in notes}
        order = known.get((recipe, recipe_id), 1 + max(known.values(), default=0))
        note = {
            "schema": NOTE_SCHEMA,
            "recipe": recipe,
            "recipe_id": recipe_id,
            "order": order,
            "steps": dict(steps),
            "cells": [dict(cell) for cell in cells],
        }
        write_json(folder / f"{recipe}-{recipe_id}.json", note)


def read_notes(store: Store) -> tuple[list[Note], list[Path]]:
    """The notes of a store as they were first made, and the files that cannot be read."""
    found: list[Note] = []
    unreadable = []
    for path in sorted((store.root / NOTES_FOLDER).glob("*.json")):
        note = _read(path)
        if note is None:
            unreadable.append(path)
        else:
            found.append(note)
    return sorted(found, key=lambda note: (note.order, note.recipe)), unreadable


def last_parts(
    store: Store, recipe: str, steps: Mapping[str, Parts]
) -> Mapping[str, Mapping[str, object]]:
    """Fingerprint parts by step id of the run that a plan is best compared with; {} if none.

    Several recipes may have had this name: the one that has most in common with the plan is taken;
    among equals, the one that ran last.
    """
    best: tuple[int, int] = (-1, -1)
    found: Mapping[str, Mapping[str, object]] = _old_plan(store, recipe)
    if found:
        best = (_common(found, steps), 0)
    for path in sorted((store.root / NOTES_FOLDER).glob(f"{recipe}-*.json")):
        note = _read(path)
        if note is None or note.recipe != recipe:
            continue
        rank = (_common(note.steps, steps), path.stat().st_mtime_ns)
        if rank > best:
            best, found = rank, note.steps
    return found


def _common(then: Mapping[str, Parts], now: Mapping[str, Parts]) -> int:
    return sum(then.get(step) == parts for step, parts in now.items())


def _old_plan(store: Store, recipe: str) -> dict[str, dict[str, object]]:
    """The plan as earlier versions stored it. Only explanations use it, so damage is ignored."""
    try:
        found = json.loads((store.root / _OLD_FOLDER / f"{recipe}.json").read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _read(path: Path) -> Note | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["schema"] != NOTE_SCHEMA:
            return None
        return Note(
            recipe=str(found["recipe"]),
            recipe_id=str(found["recipe_id"]),
            order=int(found["order"]),
            steps={str(step): dict(parts) for step, parts in found["steps"].items()},
            cells=[dict(cell) for cell in found["cells"]],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
