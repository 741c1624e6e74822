"""How long steps took, kept next to the entries so that their bytes do not change."""

from __future__ import annotations

from adapterxlt.store.files import write_atomic
from adapterxlt.store.store import Store

FOLDER = ".durations"


def note_duration(store: Store, fingerprint: str, seconds: float | None) -> None:
    """Keep how long a step took, if that was measured."""
    if seconds is not None:
        write_atomic(store.root / FOLDER / fingerprint, f"{seconds:.3f}\n")


def duration_of(store: Store, fingerprint: str) -> float | None:
    """How many seconds a step took; None where that was not noted."""
    try:
        return float((store.root / FOLDER / fingerprint).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
