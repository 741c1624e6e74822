"""Gives results that an earlier version kept the setups of this one, so that both are combined."""

from __future__ import annotations

import json
from pathlib import Path

from adapterxlt.results.rows import RESULTS_NAME
from adapterxlt.results.setup import setup_of
from adapterxlt.store.files import write_json
from adapterxlt.store.manifest import MANIFEST_NAME
from adapterxlt.store.store import STORE_FOLDER, Store


def renew_setups(kept: Path) -> int:
    """Compute the setup of each row again, from the lineage of its measurement.

    Args:
        kept: a folder that `keep_measured` wrote.

    Returns:
        The number of rows whose setup has changed.

    Raises:
        FileNotFoundError: there are no results, or a measurement has no manifest.
    """
    store, path = Store(kept / STORE_FOLDER), kept / RESULTS_NAME
    document = json.loads(path.read_text(encoding="utf-8"))
    setups: dict[str, str] = {}
    changed = 0
    for row in document["rows"]:
        cell = row["cell"]
        if cell not in setups:
            manifest = (store.path(cell) / MANIFEST_NAME).read_text(encoding="utf-8")
            setups[cell] = setup_of(json.loads(manifest)["lineage"])
        changed += row["setup"] != setups[cell]
        row["setup"] = setups[cell]
    write_json(path, document)
    return changed
