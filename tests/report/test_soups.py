"""What is said of greedy soups."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from adapterxlt.report.forms import written
from adapterxlt.report.read import read_runs
from adapterxlt.report.soups import soups
from adapterxlt.store.store import STORE_FOLDER, Store
from tests.report.measured import Measured

ADDRESSES = {"direct": "a" * 64, "other": "b" * 64, "soup": "c" * 64, "both": "d" * 64}


def test_a_soup_of_one_member_is_that_model(tmp_path: Path) -> None:
    work = Measured(tmp_path)
    for model, address in ADDRESSES.items():
        work.add(model, model, {"de": np.arange(100) < 50}, fingerprint=address)
    for soup, kept in (("soup", (True, False)), ("both", (True, True))):
        members = [
            {"member": ADDRESSES[name], "kept": one}
            for name, one in zip(("direct", "other"), kept, strict=True)
        ]
        folder = Store(tmp_path / STORE_FOLDER).path(ADDRESSES[soup])
        folder.mkdir(parents=True)
        (folder / "metrics.json").write_text(json.dumps({"greedy": {"members": members}}))
    runs = read_runs((work.save(),), print)
    said = [
        "soup: the greedy soup kept 1 of 2 members (direct), so it is this model itself",
        "both: the greedy soup kept 2 of 2 members (direct, other)",
    ]
    assert soups(runs) == said
    for form in ("html", "markdown", "latex"):
        assert said[0] in written(form, runs, {}, [])


def test_what_is_damaged_or_away_is_left_out(tmp_path: Path) -> None:
    work = Measured(tmp_path).add("soup", "s", {"de": np.arange(9) < 5}, fingerprint="c" * 64)
    folder = Store(tmp_path / STORE_FOLDER).path("c" * 64)
    runs = read_runs((work.save(),), print)
    assert soups(runs) == []
    folder.mkdir(parents=True)
    for text in ("{", "[]", '{"greedy": 3}', '{"greedy": {"members": [{"kept": true}]}}'):
        (folder / "metrics.json").write_text(text)
        assert soups(runs) == []
