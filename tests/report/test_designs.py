"""How seeds of several stages go together."""

from __future__ import annotations

import pytest

from adapterxlt.report.designs import design_of, factors_of, paired, sizes_of, varying

GRID = [(first, last) for first in (1, 2, 3) for last in (7, 8)]


@pytest.mark.parametrize(
    ("systems", "sizes"),
    [
        ([(1,)], (1,)),
        ([()], (1,)),
        ([(1,), (2,), (3,)], (3,)),
        ([(1, 1), (2, 2), (3, 3)], (3,)),  # both stages change together
        ([(1, 9), (2, 9)], (2,)),
        ([(9, 1), (9, 2)], (2,)),
        (GRID, (3, 2)),
        ([(5, *own) for own in GRID], (3, 2)),
        ([(first, first, last) for first, last in GRID], (3, 2)),
        (GRID[1:], (3, 2)),  # one is missing
        ([*GRID, (1, 9)], (3, 3)),  # two are
        (GRID[2:], (2, 2)),
        ([(1, 1), (1, 2), (2, 1)], (2,)),  # too few to tell the rest
        ([(1, 1), (1, 2), (2, 1), (2, 2), (3, 3), (3, 4), (4, 3), (4, 4)], (4,)),  # two apart
        ([(1, 1), (1, 2), (2, 3), (2, 4)], (2,)),
        ([(a, b, c) for a in (1, 2) for b in (1, 2) for c in (1, 2, 3)], (2, 2, 3)),
    ],
)
def test_factors(systems: list[tuple[int, ...]], sizes: tuple[int, ...]) -> None:
    assert sizes_of(factors_of(systems)) == sizes


def test_every_cell_of_a_grid_has_a_label_of_each_side() -> None:
    assert factors_of(GRID) == ((1, 1, 2, 2, 3, 3), (7, 8, 7, 8, 7, 8))
    assert varying([(1, 1), (1, 2), (2, 3)]) == ((1, 1, 2), (1, 2, 3))


@pytest.mark.parametrize(
    ("models", "baselines", "pairs"),
    [
        ([(1, 1), (2, 2)], [(2,), (1,)], [1, 0]),  # by the last stage
        ([(1, 7), (2, 7)], [(2, 7), (1, 7)], [1, 0]),  # by the one before, where it is the same
        ([(1, 7), (2, 7)], [(7,)], None),
        ([(1,), (2,)], [(1,), (3,)], None),
        ([(1, 5), (1, 6), (2, 5)], [(1,), (2,), (3,)], None),
        ([(1,)], [(1,)], None),
        (GRID, GRID[::-1], [5, 4, 3, 2, 1, 0]),  # of two grids, by both
        (GRID, [(first + 1, last) for first, last in GRID], None),
    ],
)
def test_pairs(
    models: list[tuple[int, ...]], baselines: list[tuple[int, ...]], pairs: list[int] | None
) -> None:
    assert paired(models, baselines) == pairs


@pytest.mark.parametrize(
    ("models", "baselines", "shape", "match", "turned", "told"),
    [
        ([(1,), (2,)], [(1,), (2,)], (2,), (0, 1), False, "in pairs"),
        ([(1,), (2,), (3,)], [(4,)], (3,), None, False, "nested"),
        ([(1,)], [(4,), (5,)], (2,), None, False, "nested"),
        # The baseline has the last stage alone: each of its models goes with a column.
        (GRID, [(8,), (7,)], (3, 2), (1, 0, 1, 0, 1, 0), False, "crossed (3 x 2"),
        ([(8,), (7,)], GRID, (3, 2), (1, 0, 1, 0, 1, 0), True, "crossed (3 x 2"),
        # It may go along the first stage as well.
        (GRID, [(1,), (2,), (3,)], (3, 2), (0, 0, 1, 1, 2, 2), False, "crossed (3 x 2"),
        (GRID, [(4,), (5,)], (3, 2), None, False, "crossed (3 x 2"),
        (GRID, [(7,)], (3, 2), None, False, "crossed (3 x 2"),
        (GRID, [()], (3, 2), None, False, "crossed (3 x 2"),
        (GRID, GRID, (3, 2), (0, 1, 2, 3, 4, 5), False, "crossed (3 x 2"),
        # The same seeds in both stages: the latest counts.
        (
            [(1, 1), (1, 2), (2, 1), (2, 2)], [(1,), (2,)], (2, 2), (0, 1, 0, 1), False,
            "crossed (2 x 2",
        ),
    ],
)  # fmt: skip
def test_designs(
    models: list[tuple[int, ...]],
    baselines: list[tuple[int, ...]],
    shape: tuple[int, ...],
    match: tuple[int, ...] | None,
    turned: bool,
    told: str,
) -> None:
    found = design_of(models, baselines)
    assert (found.shape, found.match, found.turned) == (shape, match, turned)
    assert str(found).startswith(told)
    assert ("in pairs" in str(found)) == (match is not None)
