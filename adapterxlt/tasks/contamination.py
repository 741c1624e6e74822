"""How many texts of one set occur in another, by their hashes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from adapterxlt.tasks.fingerprint import normalise_text, text_hash


def hashes_of(texts: Iterable[str]) -> NDArray[np.uint64]:
    """Sorted hashes of the distinct texts; texts of nothing but punctuation are left out.

    Those all have the same, empty, normalised form: they would match each other.
    """
    hashes = {text_hash(text) for text in texts if normalise_text(text)}
    return np.array(sorted(hashes), dtype=np.uint64)


def overlap(seen: NDArray[np.uint64], texts: Iterable[str]) -> int:
    """Number of distinct texts whose hash is among those `seen` in training."""
    return int(np.isin(hashes_of(texts), seen).sum())
