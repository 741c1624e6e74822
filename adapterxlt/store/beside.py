"""What is kept beside the entries of a store, as it is not the same each time: times and losses.

A worker with a store of its own sends it to that of the run.
"""

from __future__ import annotations

from collections.abc import Mapping

from adapterxlt.store.durations import FOLDER as DURATIONS
from adapterxlt.store.files import write_atomic
from adapterxlt.store.losses import FOLDER as LOSSES
from adapterxlt.store.store import Store

COSTS = ".costs"
_ENDINGS = {DURATIONS: "", COSTS: ".json", LOSSES: ".json"}


def read_beside(store: Store, fingerprint: str) -> dict[str, str]:
    """The facts that are stored next to an entry, by folder."""
    found = {}
    for folder, ending in _ENDINGS.items():
        path = store.root / folder / f"{fingerprint}{ending}"
        if path.is_file():
            found[folder] = path.read_text(encoding="utf-8")
    return found


def write_beside(store: Store, fingerprint: str, texts: Mapping[str, str]) -> None:
    """Store the facts that another store has about an entry."""
    for folder, ending in _ENDINGS.items():
        if folder in texts:
            write_atomic(store.root / folder / f"{fingerprint}{ending}", texts[folder])
