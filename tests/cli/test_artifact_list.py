"""`adapterxlt artifact list`: where things lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.cli.artifact.list_ import _short

ADDRESS = "5c3ce46f26d4" + "0" * 52


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (f"store/5c/{ADDRESS}", "5c3ce46f26d4"),
        (f"runs/store/5c/{ADDRESS}", "runs/5c3ce46f26d4"),
        (f"shared/{ADDRESS}", "shared/5c3ce46f26d4"),
        (ADDRESS, "5c3ce46f26d4"),
        ("artifacts/nli", "artifacts/nli"),
    ],
)
def test_a_place_tells_where_an_entry_lies(place: str, shown: str) -> None:
    assert _short(Path(place)) == shown
