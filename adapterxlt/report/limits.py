"""Keeps intervals within what examples can show and what a metric can be."""

from __future__ import annotations

from dataclasses import replace

from adapterxlt.metrics.facts import facts_of
from adapterxlt.report.estimates import Estimate
from adapterxlt.report.paired import Verdict
from adapterxlt.report.systems import Contest, is_of_one_model

_UNSEEN = 3.0  # of n examples, so many may differ elsewhere if none does here (rule of three, 95 %)

THREE, RANGE = "rule of three", "range of the metric"  # what an interval may be changed by


def unseen_share(examples: int) -> float:
    """Return the percentage of examples that may differ elsewhere if none of these does."""
    return min(100.0, 100 * _UNSEEN / max(1, examples))


def within_limits(contest: Contest, verdict: Verdict) -> tuple[Estimate, str]:
    """Return an estimate with intervals that can be true, and how they were changed, in words.

    If no two examples differ in what they say, every sample gives the same difference, however few
    they are; unless both sides are one model, the rule of three says what they cannot rule out.
    Student's t with few degrees of freedom does not know how large a difference can be.
    """
    metric, found, told = facts_of(contest.models[0].row.metric), verdict.found, ""
    if metric.unit == "percent" and not found.examples and not is_of_one_model(contest):
        share = unseen_share(verdict.clusters)
        found = _joined(found, found.points - share, found.points + share)
        told = f"; no two of {verdict.clusters} examples differ, so wider by the {THREE}"
    most = max(metric.span, abs(found.points))  # results may come from anyone
    if max(-found.low, found.high) > most:
        found = _cut(found, most)
        told += f"; cut at {most:g} {metric.counted_in}, the {RANGE}"
    return found, told


def _joined(found: Estimate, low: float, high: float) -> Estimate:
    """Return an estimate whose intervals include another one."""
    return replace(
        found,
        low=min(found.low, low),
        high=max(found.high, high),
        low90=min(found.low90, low),
        high90=max(found.high90, high),
    )


def _cut(found: Estimate, most: float) -> Estimate:
    """Return an estimate whose intervals do not go beyond a largest difference."""
    return replace(
        found,
        low=max(found.low, -most),
        high=min(found.high, most),
        low90=max(found.low90, -most),
        high90=min(found.high90, most),
    )
