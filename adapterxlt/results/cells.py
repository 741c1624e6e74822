"""What the store of a work folder keeps of a measurement beside its rows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.results.outcomes import OUTCOMES_NAME, Outcomes, read_outcomes
from adapterxlt.store.inside import real_path
from adapterxlt.store.manifest import read_manifest
from adapterxlt.store.store import STORE_FOLDER, Store


def cell_outcomes(workdir: Path, cell: str) -> list[Outcomes] | None:
    """The outcomes of a measurement; None if it has none, as it is not there or of before.

    Raises:
        InvalidArtifactError: they are damaged.
    """
    folder = _folder(workdir, cell)
    if folder is None:
        return None
    try:
        real_path(folder, OUTCOMES_NAME)
    except FileNotFoundError:
        return None
    return read_outcomes(folder)


def seeds_behind(workdir: Path, cell: str) -> tuple[int, ...] | None:
    """The seeds of all that was trained for a measurement, the first stage's first.

    None if the store does not tell.
    """
    folder = _folder(workdir, cell)
    if folder is None:
        return None
    try:
        steps: Any = read_manifest(folder).lineage.get("steps")
        params = [step["params"] for step in steps]
        return tuple(int(one["seed"]) for one in params if one.get("seed") is not None)
    except (InvalidArtifactError, OSError, TypeError, KeyError, ValueError, AttributeError):
        return None


def _folder(workdir: Path, cell: str) -> Path | None:
    """Where a measurement lies; its address comes from a file that anybody may have written."""
    if not re.fullmatch("[0-9a-f]{64}", cell):
        return None
    folder = Store(workdir / STORE_FOLDER).path(cell)
    return folder if folder.is_dir() else None
