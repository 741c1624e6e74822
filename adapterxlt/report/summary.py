"""Answers the question at the head of a report in two sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from adapterxlt.report.findings import Finding, in_one_unit

_NONE = "which does not mean that there is none"


def summary(about: Sequence[Finding], *, corrected_for: int) -> list[str]:
    """Return how many comparisons show a difference, and the largest ones; [] without comparisons.

    Args:
        corrected_for: the number of comparisons that p is corrected for.
    """
    return [_count(about, corrected_for), _extremes(about)] if about else []


def _count(about: Sequence[Finding], corrected_for: int) -> str:
    against = (
        "a model that had no intermediate task" if all(one.helps for one in about) else "a baseline"
    )
    level = f"(5 %, Holm over {corrected_for} comparisons)" if corrected_for > 1 else "(5 %)"
    total, verdicts = len(about), Counter(one.verdict for one in about)
    rest = verdicts["not shown"]
    if total == 1:
        if rest:
            return (
                f"The comparison with {against} shows no significant difference {level}, {_NONE}."
            )
        what = "gain" if verdicts["better"] else "loss"
        return f"The comparison with {against} shows a {what} on {about[0].column} {level}."
    if rest == total:
        return f"None of {total} comparisons with {against} shows a difference {level}, {_NONE}."
    better = _named([one for one in about if one.verdict == "better"])
    text = (
        f"Of {total} comparisons with {against}, {_show(verdicts['better'], 'gain')}{better} and "
        f"{_show(verdicts['worse'], 'loss')} {level}."
    )
    if rest:
        others = "the other one" if rest == 1 else f"the other {rest}"
        text += f" In {others} no difference is shown, {_NONE}."
    return text


def _show(count: int, what: str) -> str:
    return f"{count or 'none'} show{'s' * (count < 2)} a {what}"


def _named(better: Sequence[Finding]) -> str:
    targets = list(dict.fromkeys(one.column for one in better))
    return f" (on {', '.join(targets)})" if 0 < len(targets) <= 4 else ""


def _extremes(every: Sequence[Finding]) -> str:
    about = in_one_unit(every)
    shown = sorted((one for one in about if one.shown), key=lambda one: one.gain)
    if not shown:
        return _unclear(about)
    best, worst = shown[-1], shown[0]
    text = f"The largest gain shown is {_said(best)}" if best.gain > 0 else "No gain is shown"
    if worst.gain < 0:
        text += f"; the largest loss is {_said(worst)}"
    return f"{text}."


def _unclear(about: Sequence[Finding]) -> str:
    """Say how large the differences are that may be due to chance, and what would be found."""
    facts = about[0].facts
    wide = [one for one in about if one.found.high > one.found.low]
    if not wide and not any(one.gain for one in about):
        both = f"the models and their baselines, in all {len(about)} comparisons,"
        if len(about) == 1:
            both = f"the model and its baseline ({_named_and_sized(about[0])})"
        return f"On every example, {both} score the same, so these examples cannot tell them apart."
    largest = max(about, key=lambda one: abs(one.gain))
    text = f"The {'largest ' * (len(about) > 1)}difference, {_said(largest)}, can be due to chance."
    if wide:
        half = sorted((one.found.high - one.found.low) / 2 for one in wide)[len(wide) // 2]
        reach = f"{half:.{facts.digits}f} {facts.counted_in} to each side"
        text += (
            f" The intervals reach {reach} (median), so smaller effects cannot be detected here."
            if len(wide) > 1
            else f" The interval reaches {reach}, so smaller effects cannot be detected here."
        )
    return text


def _said(one: Finding) -> str:
    figures = f"{one.figures} {one.facts.counted_in}"
    return f"{one.label.full} on {one.column}: {figures} ({one.size})"


def _named_and_sized(one: Finding) -> str:
    return f"{one.label.full} on {one.column}: {one.size}"
