"""Results that an earlier version kept are combined with those of this one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from adapterxlt.results.rows import RESULTS_NAME
from adapterxlt.results.setup import setup_of
from adapterxlt.store.manifest import Manifest
from adapterxlt.store.store import STORE_FOLDER, Store
from tests.report.measured import Measured
from tools.studies.renewed import renew_setups


def test_setups_are_computed_from_the_lineage(tmp_path: Path) -> None:
    work = Measured(tmp_path).add("after", "a", {"de": np.ones(4, dtype=bool)}, setup="older")
    folder = work.save()
    cell = work.rows[0].cell
    lineage = {
        "backbone": {"name": "mini", "hash": "h"},
        "steps": [{"fingerprint": cell, "kind": "evaluate", "params": {"seen": ["mnli"]}}],
    }
    manifest = Manifest(
        fingerprint=cell, kind="evaluate", title="s", recipe="test", parts={}, lineage=lineage,
        files={}, environment={},
    )  # fmt: skip
    (Store(folder / STORE_FOLDER).path(cell) / "manifest.json").write_text(manifest.text())
    assert renew_setups(folder) == 1
    rows = json.loads((folder / RESULTS_NAME).read_text())["rows"]
    assert {row["setup"] for row in rows} == {setup_of(lineage)}
    assert renew_setups(folder) == 0
