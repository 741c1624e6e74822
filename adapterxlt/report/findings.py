"""A comparison with where its models come from, in the sign in which more is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adapterxlt.metrics.facts import Metric, facts_of
from adapterxlt.report.compare import signed
from adapterxlt.report.comparisons import Comparison
from adapterxlt.report.labels import Label
from adapterxlt.report.origins import Origin
from adapterxlt.report.sizes import sizes_of
from adapterxlt.report.systems import Contest


@dataclass(frozen=True)
class Finding:
    """A comparison, and where its models come from.

    Args:
        label: the name of its row in the matrix: what the model was trained on before the target.
        column: its column in the matrix: the target.
    """

    contest: Contest
    found: Comparison
    origin: Origin
    base: Origin
    label: Label
    column: str

    @property
    def row(self) -> str:
        """Its row in the matrix."""
        return self.label.name

    @property
    def helps(self) -> bool:
        """Whether it shows if intermediate training helps, as the baseline had none."""
        return bool(self.origin.intermediate) and not self.base.intermediate

    @property
    def facts(self) -> Metric:
        """The metric, which tells the unit of the figures."""
        return facts_of(self.found.metric)

    @property
    def gain(self) -> float:
        """The difference; more is better, whatever the metric."""
        return -self.found.points if self.facts.less_is_better else self.found.points

    @property
    def interval(self) -> tuple[float, float]:
        """The interval of the gain."""
        low, high = self.found.low, self.found.high
        return (-high, -low) if self.facts.less_is_better else (low, high)

    @property
    def shown(self) -> bool:
        """Whether a difference is shown."""
        return self.found.verdict != "not shown"

    @property
    def figures(self) -> str:
        """The gain with its interval: `+1.2 [+0.3, +2.1]`."""
        return self._written(self.gain, *self.interval)

    @property
    def unseen(self) -> str:
        """The same without examples that had been seen; "" if there are no such examples."""
        other = self.found.unseen
        if other is None:
            return ""
        if self.facts.less_is_better:
            return self._written(-other.points, -other.high, -other.low)
        return self._written(other.points, other.low, other.high)

    def _written(self, *figures: float) -> str:
        gain, low, high = (signed(one, self.facts.digits) for one in figures)
        return f"{gain} [{low}, {high}]"

    @property
    def size(self) -> str:
        """What it rests on: examples, languages and seeds."""
        return ", ".join(self.sizes)

    @property
    def sizes(self) -> tuple[str, ...]:
        """The same in parts."""
        return sizes_of(self.found)

    @property
    def verdict(self) -> str:
        """Better, worse or not shown."""
        return self.found.verdict


def in_one_unit(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings in percent, or if there are none, those in the unit of the first.

    Figures in different units cannot be ranked, or drawn on one axis.

    Args:
        findings: at least one.
    """
    units = [one.facts.unit for one in findings]
    unit = "percent" if "percent" in units else units[0]
    return [one for one in findings if one.facts.unit == unit]
