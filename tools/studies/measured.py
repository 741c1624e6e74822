"""Copies of a work folder what `report` reads: what was measured, and no weights."""

from __future__ import annotations

import shutil
from pathlib import Path

from adapterxlt.results.costs import COSTS_NAME
from adapterxlt.results.measures import METRICS_NAME
from adapterxlt.results.outcomes import OUTCOMES_NAME
from adapterxlt.results.rows import RESULTS_NAME
from adapterxlt.store.durations import FOLDER as DURATIONS
from adapterxlt.store.losses import FOLDER as LOSSES
from adapterxlt.store.manifest import MANIFEST_NAME
from adapterxlt.store.store import STORE_FOLDER


def keep_measured(workdir: Path, out: Path) -> list[Path]:
    """Copy the results of a work folder, its costs, outcomes, losses and durations.

    `adapterxlt report OUT` then shows the same as `adapterxlt report WORKDIR`.

    Args:
        out: a folder that does not exist yet.

    Returns:
        The files, relative to `out`, in order.

    Raises:
        FileNotFoundError: `workdir` has no results.
        FileExistsError: `out` exists.
    """
    store = workdir / STORE_FOLDER
    measured = {path.parent for path in store.glob(f"??/*/{OUTCOMES_NAME}")}
    found = [
        workdir / RESULTS_NAME,
        *(path for path in [workdir / COSTS_NAME] if path.exists()),
        *(folder / name for folder in measured for name in (MANIFEST_NAME, OUTCOMES_NAME)),
        *store.glob(f"??/*/{METRICS_NAME}"),
        *(path for name in (DURATIONS, LOSSES) for path in (store / name).glob("*")),
    ]
    kept = sorted(path.relative_to(workdir) for path in found)
    out.mkdir(parents=True)
    for path in kept:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(workdir / path, out / path)
    return kept
