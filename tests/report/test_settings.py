"""Two settings of one recipe are told apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from adapterxlt.report.comparisons import compared
from adapterxlt.report.read import read_runs
from adapterxlt.report.study import Study
from adapterxlt.report.systems import contests
from adapterxlt.store.manifest import MANIFEST_NAME, Manifest
from adapterxlt.store.store import STORE_FOLDER, Store
from tests.report.measured import Measured

DRAW = np.random.default_rng(5)


def added(work: Measured, version: str, setup: str, **changed: object) -> None:
    for model in ("direct", "nli"):
        right = {"de": DRAW.random(100) < 0.6}
        known = {"recipe_id": version, "setup": f"{model} {setup}", **changed}
        work.add(model, f"{model} {version}", right, **known)


def test_what_differs_is_told_and_nothing_else(tmp_path: Path) -> None:
    work = Measured(tmp_path)
    added(work, "1", "a", caps="evaluate 5")
    added(work, "2", "b", caps="")
    added(work, "3", "c", caps="", lineage="mini > pawsx (lora)")
    added(work, "4", "d", caps="", task="xnli")
    runs = read_runs((work.save(),), print)
    found = compared(runs, resamples=100)
    assert [one.setting for one in found.values() if one.task == "xnli"] == [""]
    lineage = "caps: none; mini > pawsx (lora)"
    assert {one.setting for one in found.values()} == {
        "", "caps: evaluate 5; mini > nli", "caps: none; mini > nli", lineage,
    }  # fmt: skip
    sentence = next(str(one) for one in found.values() if one.setting == lineage)
    assert sentence.startswith(f"nli vs direct on pawsx dev ({lineage}): ")
    rows = Study(contests(runs), found).rows
    assert any(row.endswith("caps: evaluate 5; mini > nli") for row in rows)


def test_one_fact_is_enough_if_it_tells_them_apart(tmp_path: Path) -> None:
    work = Measured(tmp_path)
    added(work, "1", "a", caps="evaluate 5", lineage="mini > x")
    added(work, "2", "b", caps="evaluate 9", lineage="mini > y")
    found = compared(read_runs((work.save(),), print), resamples=100).values()
    assert {one.setting for one in found} == {"caps: evaluate 5", "caps: evaluate 9"}


def test_without_any_other_fact_the_recipe_is_named(tmp_path: Path) -> None:
    work = Measured(tmp_path)
    added(work, "1a", "learning rate 1")
    added(work, "2b", "learning rate 2")
    found = compared(read_runs((work.save(),), print), resamples=100).values()
    assert {one.setting for one in found} == {"recipe 1a", "recipe 2b"}


def test_parameters_that_differ_are_named_before_the_recipe(tmp_path: Path) -> None:
    work = Measured(tmp_path)
    for version, rate in (("1a", 0.001), ("2b", 0.003)):
        added(work, version, f"learning rate {rate}")
        params = {"task": "pawsx", "lr": rate, "seed": rate, "cap": rate, "epochs": 1}
        step = {"fingerprint": "f", "kind": "train", "params": params, "inputs": []}
        for one in work.rows[-2:]:
            folder = Store(tmp_path / STORE_FOLDER).path(one.cell)
            manifest = Manifest(
                fingerprint=one.cell, kind="evaluate", title="s", recipe="test", parts={},
                lineage={"backbone": {}, "steps": [step]}, files={}, environment={},
            )  # fmt: skip
            (folder / MANIFEST_NAME).write_text(manifest.text())
    found = compared(read_runs((work.save(),), print), resamples=100).values()
    assert {one.setting for one in found} == {"pawsx lr: 0.001", "pawsx lr: 0.003"}
