"""Keeps the state of a long search on disk, so that a kill does not lose it."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import numpy as np

from adapterxlt.store.atomic import replacing

# Seconds between two savings: a kill may lose the work of so long.
EVERY = 60.0


class Kept:
    """Numbered states of named searches in a folder; a new state replaces the one before it.

    Args:
        folder: folder for this search alone; all its files are taken to belong to the search.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._last = time.monotonic()

    def load(self, name: str) -> tuple[int, list[np.ndarray]] | None:
        """Return the number and the arrays saved last under a name; None if there are none."""
        try:
            with np.load(self._path(name), allow_pickle=False) as stored:
                arrays = [stored[f"arr_{place}"] for place in range(len(stored.files))]
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            return None
        return int(arrays[0]), arrays[1:]

    def save(self, name: str, number: int, *arrays: np.ndarray) -> None:
        """Save a state as a whole; if that fails, the old one stays."""
        with replacing(self._path(name)) as (stream, _):
            np.savez(stream, np.asarray(number), *arrays)
        self._last = time.monotonic()

    def is_due(self) -> bool:
        """Whether it is time to save again."""
        return time.monotonic() - self._last >= EVERY

    def drop_others(self, name: str) -> None:
        """Remove every state except that of one name."""
        for path in self.folder.glob("*.npz"):
            if path != self._path(name):
                path.unlink()

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npz"
