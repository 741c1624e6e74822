"""Places the marks of the forest plot: gains with intervals, one block and axis per target.

All of them are in one unit, so that they can be compared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median_low

from adapterxlt.report.findings import Finding, in_one_unit
from adapterxlt.report.sizes import common

MOST = 60  # how many comparisons are drawn; the table has all of them
# The axis of a block holds so many of its intervals whole, and those that are little longer. That
# of a training that has diverged is far longer, so it is cut off. No gain is cut off.
_WHOLE, _NEAR, _FAR = 0.75, 1.5, 4
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
class Block:
    """The gains on one target.

    Args:
        sizes: what most of its gains rest on, in parts; "" for a part in which most differ.
        lines: (place, figure) of the grid lines.
        zero: the place of no difference.
    """

    target: str
    sizes: tuple[str, ...]
    marks: Sequence[Mark]
    lines: Sequence[tuple[float, str]]
    zero: float


@dataclass(frozen=True)
class Forest:
    """A forest plot.

    Args:
        counted_in: what the figures are counted in.
        left_out: the number of comparisons that are not drawn because there are too many.
        elsewhere: what those are counted in that are not drawn because of their unit.
    """

    blocks: Sequence[Block]
    counted_in: str
    left_out: int
    elsewhere: Sequence[str]

    @property
    def cut(self) -> bool:
        """Whether an interval reaches beyond its axis."""
        return any(mark.cut_low or mark.cut_high for block in self.blocks for mark in block.marks)


def forest(findings: Sequence[Finding]) -> Forest | None:
    """Return the plot of some comparisons; None if there are none."""
    if not findings:
        return None
    alike = in_one_unit(findings)
    drawn, counted_in = alike[:MOST], alike[0].facts.counted_in
    targets: dict[str, list[Finding]] = {}
    for one in drawn:
        targets.setdefault(one.column, []).append(one)
    others = dict.fromkeys(one.facts.counted_in for one in findings)
    return Forest(
        blocks=[_block(target, own) for target, own in targets.items()],
        counted_in=counted_in,
        left_out=len(alike) - len(drawn),
        elsewhere=[unit for unit in others if unit != counted_in],
    )


def _block(target: str, findings: Sequence[Finding]) -> Block:
    reach = sorted(max(map(abs, one.interval)) for one in findings)
    usual = min(reach[math.ceil(_WHOLE * len(reach)) - 1], _FAR * median_low(reach)) or 1.0
    limit = max((one for one in reach if one <= _NEAR * usual), default=usual)
    gains = [one.gain for one in findings]
    low = min(max(-limit, min(0.0, *(one.interval[0] for one in findings))), *gains)
    high = max(min(limit, max(0.0, *(one.interval[1] for one in findings))), *gains)
    step = next((one for one in _STEPS if (high - low) / one <= 6), (high - low) / 5)
    low, high = math.floor(low / step) * step, math.ceil(high / step) * step
    if low == high:  # no models differ in any example
        low, high = -step, step

    def place(points: float) -> float:
        return round(100 * (min(high, max(low, points)) - low) / (high - low), 2)

    marks = []
    for one in findings:
        begin, end = one.interval
        cut = begin < low, end > high
        marks.append(Mark(one, place(one.gain), place(begin), place(end), *cut))
    lines = [low + number * step for number in range(round((high - low) / step) + 1)]
    return Block(
        target,
        common(one.sizes for one in findings),
        marks,
        [(place(line), f"{line:g}" if abs(line) > step / 2 else "0") for line in lines],
        place(0.0),
    )
