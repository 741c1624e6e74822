"""Keeps the state of a long search on disk, so that a kill does not lose it."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import numpy as np

from adapterxlt.store.atomic import replacing

# Seconds between two writings: what a kill may cost.
EVERY = 60.0


class Kept:
    """Numbered states of named searches in a folder; each replaces the one before it whole.

    Args:
        folder: for this search alone: what is in it is taken to belong to it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._last = time.monotonic()

    def load(self, name: str) -> tuple[int, list[np.ndarray]] | None:
        """The number and the arrays written last under a name; None if there are none."""
        try:
            with np.load(self._path(name), allow_pickle=False) as stored:
                arrays = [stored[f"arr_{place}"] for place in range(len(stored.files))]
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
            return None
        return int(arrays[0]), arrays[1:]

    def save(self, name: str, number: int, *arrays: np.ndarray) -> None:
        """Write a state: all of it, or the old one stays."""
        with replacing(self._path(name)) as (stream, _):
            np.savez(stream, np.asarray(number), *arrays)
        self._last = time.monotonic()

    def is_due(self) -> bool:
        """Whether the last writing is long enough ago."""
        return time.monotonic() - self._last >= EVERY

    def drop_others(self, name: str) -> None:
        """Forget every state but that of one name."""
        for path in self.folder.glob("*.npz"):
            if path != self._path(name):
                path.unlink()

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.npz"
