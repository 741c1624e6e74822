from __future__ import annotations

from dataclasses import replace

import pytest

from adapterxlt.report.forest import forest
from adapterxlt.report.study import Study
from adapterxlt.report.systems import contests
from tests.report.conftest import Made

LANGUAGES = "3 languages: de, ru and sw"


def test_places_of_the_forest_keep_order_and_sign(made: Made) -> None:
    runs, comparisons = made
    plot = forest(Study(contests(runs), comparisons).findings)
    assert plot is not None
    assert [block.sizes for block in plot.blocks] == [
        ("900 examples", LANGUAGES, "2 seeds"), ("900 examples", LANGUAGES, "2 seeds"),
        ("300 examples", LANGUAGES, "1 seed"),
    ]  # fmt: skip
    assert [len(block.marks) for block in plot.blocks] == [3, 3, 3]
    for block in plot.blocks:
        for mark in block.marks:
            assert 0 <= mark.low <= mark.at <= mark.high <= 100
            assert (mark.at > block.zero) == (mark.finding.gain > 0)
        assert {text: place for place, text in block.lines}["0"] == block.zero


def test_no_gain_lies_beyond_the_forest(made: Made) -> None:
    runs, comparisons = made
    far = next(iter(comparisons))
    told = comparisons | {far: replace(comparisons[far], points=-99.0, low=-300.0, high=-20.0)}
    plot = forest(Study(contests(runs), told).findings)
    assert plot is not None
    block, *others = plot.blocks
    (lost,) = [mark for mark in block.marks if mark.finding.found is told[far]]
    assert (lost.at, lost.low, lost.cut_low) == (pytest.approx(0.0, abs=5.0), 0.0, True)
    places = {float(text): place for place, text in block.lines}
    assert places[min(places)] == 0.0
    assert min(places) <= -99.0
    before = forest(Study(contests(runs), comparisons).findings)
    assert before is not None
    assert others == before.blocks[1:]  # every target has an axis of its own
    assert (plot.cut, before.cut) == (True, False)


@pytest.mark.parametrize(
    ("reaches", "ends", "cut"),
    [
        ([3.0, 4.0, 380.0], (-4.0, 4.0), [False, False, True]),  # a training that has diverged
        ([28.4, 12.6, 5.6, 31.8, 8.3], (-40.0, 40.0), [False] * 5),  # little longer
        ([50.0], (-60.0, 60.0), [False]),
        ([0.0, 0.0], (-0.001, 0.001), [False, False]),
    ],
)
def test_the_axis_holds_what_most_intervals_need(
    made: Made, reaches: list[float], ends: tuple[float, float], cut: list[bool]
) -> None:
    runs, comparisons = made
    finding = Study(contests(runs), comparisons).findings[0]
    plot = forest([
        replace(finding, found=replace(finding.found, points=0.0, low=-far, high=far))
        for far in reaches
    ])  # fmt: skip
    assert plot is not None
    [block] = plot.blocks
    assert (float(block.lines[0][1]), float(block.lines[-1][1])) == ends
    assert [mark.cut_low for mark in block.marks] == cut
    assert [mark.cut_high for mark in block.marks] == cut
