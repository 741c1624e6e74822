"""Places the marks of the forest plot: gains with intervals, one block per target.

All of them are in one unit, as they are on one axis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from adapterxlt.report.sizes import common
from adapterxlt.report.study import Finding, in_one_unit

MOST = 60  # how many comparisons are drawn; the table has all of them
_FAR = 4  # intervals that reach so many times farther than usual are cut off, but not gains
_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


@dataclass(frozen=True)
class Mark:
    """A gain, with its places in percent of the width."""

    finding: Finding
    at: float
    low: float
    high: float
    cut_low: bool
    cut_high: bool


@dataclass(frozen=True)
class Forest:
    """A forest plot.

    Args:
        blocks: (target, size, marks) for each target. The size says what all of its gains rest
            on; "" if they differ in that.
        lines: (place, figure) of the grid lines.
        zero: the place of no difference.
        counted_in: what the figures are counted in.
        left_out: the number of comparisons that are not drawn because there are too many.
        elsewhere: what those are counted in that are not drawn because of their unit.
    """

    blocks: Sequence[tuple[str, str, Sequence[Mark]]]
    lines: Sequence[tuple[float, str]]
    zero: float
    counted_in: str
    left_out: int
    elsewhere: Sequence[str]


def forest(findings: Sequence[Finding]) -> Forest | None:
    """Return the plot of some comparisons; None if there are none."""
    if not findings:
        return None
    alike = in_one_unit(findings)
    drawn, counted_in = alike[:MOST], alike[0].facts.counted_in
    usual = median(max(map(abs, one.interval)) for one in drawn)
    limit = _FAR * usual or 1.0
    gains = [one.gain for one in drawn]
    low = min(max(-limit, min(0.0, *(one.interval[0] for one in drawn))), *gains)
    high = max(min(limit, max(0.0, *(one.interval[1] for one in drawn))), *gains)
    step = next((one for one in _STEPS if (high - low) / one <= 6), (high - low) / 5)
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    if low == high:  # no models differ in any example
        low, high = -step, step

    def place(points: float) -> float:
        return round(100 * (min(high, max(low, points)) - low) / (high - low), 2)

    blocks: dict[str, list[Mark]] = {}
    for one in drawn:
        begin, end = one.interval
        mark = Mark(one, place(one.gain), place(begin), place(end), begin < low, end > high)
        blocks.setdefault(one.column, []).append(mark)
    lines = [low + number * step for number in range(round((high - low) / step) + 1)]
    return Forest(
        blocks=[
            (target, common(mark.finding.size for mark in marks), marks)
            for target, marks in blocks.items()
        ],
        lines=[(place(line), f"{line:g}" if abs(line) > step / 2 else "0") for line in lines],
        zero=place(0.0),
        counted_in=counted_in,
        left_out=len(alike) - len(drawn),
        elsewhere=list(
            dict.fromkeys(
                one.facts.counted_in for one in findings if one.facts.counted_in != counted_in
            )
        ),
    )
