"""What models of several seeds are called."""

from __future__ import annotations

import pytest

from adapterxlt.report.systems import starred


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (["nli.s1", "nli.s2"], "nli.s*"),
        (["sib200.s1", "sib200.s2"], "sib200.s*"),
        (["a"], "a"),
        (["a1", "a1.b2"], "a*"),
    ],
)
def test_a_star_stands_for_what_differs(names: list[str], name: str) -> None:
    assert starred(names) == name
