"""Summarises comparisons: gains by intermediate task and target, and the answer in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from adapterxlt.metrics.facts import Metric, facts_of
from adapterxlt.report.compare import signed
from adapterxlt.report.comparisons import Comparison
from adapterxlt.report.origins import Origin, origin_of
from adapterxlt.report.sizes import common, size_of
from adapterxlt.report.systems import Contest, Key

COST = "(less is better: sign turned)"
_CAP = re.compile(r"\[\d+\]")


@dataclass(frozen=True)
class Finding:
    """A comparison, and where its models come from.

    Args:
        row: its row in the matrix: what the model was trained on before the target.
        column: its column in the matrix: the target.
    """

    contest: Contest
    found: Comparison
    origin: Origin
    base: Origin
    row: str
    column: str

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
        return size_of(self.found)

    @property
    def verdict(self) -> str:
        """Better, worse or not shown."""
        return self.found.verdict


class Study:
    """All comparisons of a report.

    Args:
        contests: the contests that `systems.contests` finds.
        comparisons: the comparisons of those contests for which outcomes were kept.
    """

    def __init__(self, contests: Iterable[Contest], comparisons: Mapping[Key, Comparison]) -> None:
        told = [
            (contest, comparisons[contest.key])
            for contest in contests
            if contest.key in comparisons
        ]
        origins = [
            (origin_of(contest.models[0].row), origin_of(contest.baselines[0].row))
            for contest, _ in told
        ]
        columns = _columns([one for _, one in told])
        rows = _rows([own for own, _ in origins], [one for _, one in told], columns)
        self.findings = [
            Finding(contest, one, own, base, row, column)
            for (contest, one), (own, base), row, column in zip(
                told, origins, rows, columns, strict=True
            )
        ]

    @cached_property
    def rows(self) -> list[str]:
        """The rows of the matrix, in order of appearance."""
        return list(dict.fromkeys(one.row for one in self.findings))

    @cached_property
    def columns(self) -> list[str]:
        """The columns of the matrix, in order of appearance."""
        return list(dict.fromkeys(one.column for one in self.findings))

    @cached_property
    def sizes(self) -> dict[str, str]:
        """The size that all comparisons of a column share, by column; "" if sizes differ."""
        return {
            column: common(one.size for one in self.findings if one.column == column)
            for column in self.columns
        }

    @cached_property
    def units(self) -> list[str]:
        """What the differences are counted in, in order of appearance."""
        return list(dict.fromkeys(one.facts.counted_in for one in self.findings))

    @cached_property
    def cells(self) -> dict[tuple[str, str], Finding]:
        """The cells of the matrix, by row and column."""
        return {(one.row, one.column): one for one in self.findings}

    @property
    def about(self) -> list[Finding]:
        """The findings that the question is about.

        These are the ones on intermediate tasks, if there are any, else all.
        """
        return [one for one in self.findings if one.helps] or self.findings

    @property
    def question(self) -> str:
        """The question at the head of the report."""
        if self.findings and not any(one.helps for one in self.findings):
            return "Is it better than the baseline?"
        return "Did the intermediate task help?"

    @property
    def answer(self) -> list[str]:
        """Answer the question in two sentences; [] if there are no paired comparisons."""
        about = self.about
        return [_count(about), _extremes(about)] if about else []


def in_one_unit(findings: Sequence[Finding]) -> list[Finding]:
    """Return the findings in percent, or if there are none, those in the unit of the first.

    Figures in different units cannot be ranked, or drawn on one axis.

    Args:
        findings: at least one.
    """
    units = [one.facts.unit for one in findings]
    unit = "percent" if "percent" in units else units[0]
    return [one for one in findings if one.facts.unit == unit]


def _count(about: Sequence[Finding]) -> str:
    verdicts = Counter(one.found.verdict for one in about)
    total = len(about)
    what = f"{total} comparison{'s' * (total > 1)} with a model that had no intermediate task"
    if not about[0].helps:
        what = f"{total} comparison{'s' * (total > 1)} with a baseline"
    better = _named([one for one in about if one.found.verdict == "better"])
    return (
        f"Of {what}, {verdicts['better']} {_are(verdicts['better'])} better{better}, "
        f"{verdicts['worse']} {_are(verdicts['worse'])} worse, and {verdicts['not shown']} "
        f"show{'s' * (verdicts['not shown'] == 1)} no difference (5 %, Holm)."
    )


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _named(better: Sequence[Finding]) -> str:
    targets = list(dict.fromkeys(one.column for one in better))
    return f" (on {', '.join(targets)})" if 0 < len(targets) <= 4 else ""


def _extremes(every: Sequence[Finding]) -> str:
    about = in_one_unit(every)
    facts = about[0].facts
    shown = sorted((one for one in about if one.shown), key=lambda one: one.gain)
    if not shown:
        largest = max(about, key=lambda one: abs(one.gain))
        half = sorted((one.found.high - one.found.low) / 2 for one in about)[len(about) // 2]
        return (
            f"The largest difference, {_said(largest)}, can be due to chance. The intervals reach "
            f"{half:.{facts.digits}f} {facts.counted_in} to each side (median), so smaller effects "
            "cannot be detected here."
        )
    best, worst = shown[-1], shown[0]
    text = f"The largest gain shown is {_said(best)}" if best.gain > 0 else "No gain is shown"
    if worst.gain < 0:
        text += f"; the largest loss is {_said(worst)}"
    return f"{text}."


def _said(one: Finding) -> str:
    return f"{one.row} on {one.column}: {one.figures} {one.facts.counted_in} ({one.size})"


def _columns(comparisons: Sequence[Comparison]) -> list[str]:
    """Return the target of each, with split and metric if they are needed to tell them apart."""
    splits: dict[str, set[str]] = {}
    metrics: dict[str, set[str]] = {}
    for one in comparisons:
        splits.setdefault(one.task, set()).add(one.split)
        metrics.setdefault(one.task, set()).add(one.metric)
    return [
        " ".join(
            [
                one.task,
                *([one.split] if len(splits[one.task]) > 1 else []),
                *([one.metric] if len(metrics[one.task]) > 1 else []),
                *([COST] if facts_of(one.metric).less_is_better else []),
            ]
        )
        for one in comparisons
    ]


def _rows(
    origins: Sequence[Origin], comparisons: Sequence[Comparison], columns: Sequence[str]
) -> list[str]:
    """Return what models were trained on before, in as few words as tell the rows apart."""
    several = {  # in retrieval, the bare model has no method, which tells nothing
        name: len({value for one in origins if (value := getattr(one, name))}) > 1
        for name in ("how", "method", "backbone")
    }
    several["languages"] = len({one.languages for one in origins}) > 1
    tasks = _without_caps([one.tasks for one in origins])
    labels = [
        f"{pair.model} vs {pair.baseline}" if pair.asked else _label(one, text, several)
        for one, text, pair in zip(origins, tasks, comparisons, strict=True)
    ]
    # If two have the same place, names tell them apart, then baselines, then recipes.
    for extra in ("model", "baseline", "recipe"):
        places = Counter(zip(labels, columns, strict=True))
        doubled = {label for (label, _), count in places.items() if count > 1}
        labels = [
            f"{label} · {'vs ' * (extra == 'baseline')}{getattr(one, extra)}"
            if label in doubled
            else label
            for label, one in zip(labels, comparisons, strict=True)
        ]
    seen: Counter[tuple[str, str]] = Counter()
    for number, at in enumerate(zip(labels, columns, strict=True)):
        seen[at] += 1
        if seen[at] > 1:
            labels[number] += f" ({seen[at]})"
    return labels


def _without_caps(tasks: Sequence[str]) -> list[str]:
    """Leave out how many examples mixtures took of each task, unless that tells them apart."""
    short = [_CAP.sub("", text) for text in tasks]
    return short if len(set(short)) == len(set(tasks)) else list(tasks)


def _label(one: Origin, tasks: str, several: Mapping[str, bool]) -> str:
    parts = [tasks]
    if several["how"] and one.how:
        parts.append(one.how)
    if several["method"] and one.method:
        parts.append(one.method)
    if several["languages"] and one.languages:
        spoken = ", ".join(one.languages[:4]) + (", ..." if len(one.languages) > 4 else "")
        parts.append(f"trained in {spoken}")
    if several["backbone"]:
        parts.append(one.backbone)
    return " · ".join(parts)
