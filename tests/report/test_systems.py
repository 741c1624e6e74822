"""Which seeds go together, and what models of several seeds are called."""

from __future__ import annotations

import pytest

from adapterxlt.report.systems import paired, starred
from tests.report.systems import right, system


@pytest.mark.parametrize(
    ("models", "baselines", "pairs"),
    [
        ([(1, 1), (2, 2)], [(2,), (1,)], [1, 0]),  # by the last stage
        ([(1, 7), (2, 7)], [(2, 7), (1, 7)], [1, 0]),  # by the one before, where it is the same
        ([(1, 7), (2, 7)], [(7,)], None),
        ([(1,), (2,)], [(1,), (3,)], None),
        ([(1, 5), (1, 6), (2, 5)], [(1,), (2,), (3,)], None),
        ([(1,)], [(1,)], None),
    ],
)
def test_pairs(
    models: list[tuple[int, ...]], baselines: list[tuple[int, ...]], pairs: list[int] | None
) -> None:
    made = [
        [system(right({"de": [1]}), seeds=seeds) for seeds in side] for side in (models, baselines)
    ]
    assert paired(*made) == pairs


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
