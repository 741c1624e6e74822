"""Names the rows and columns of a study's matrix, in as few words as tell them apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

from adapterxlt.metrics.facts import facts_of
from adapterxlt.report.comparisons import Comparison
from adapterxlt.report.origins import NONE, Origin
from adapterxlt.report.scopes import FEW

COST = "(less is better: sign turned)"
_CAP = re.compile(r"\[\d+\]")
_FEW = 2  # more tasks than this are counted in a row's name, and named once


@dataclass(frozen=True)
class Label:
    """The name of a row: what its model was trained on before the target, and how.

    Args:
        tasks: the intermediate tasks, all of them by name.
        short: the same in a few words, such as `4 tasks`.
        rest: what tells it apart from other rows with these tasks.
    """

    tasks: str
    short: str
    rest: str

    @property
    def name(self) -> str:
        """The row's name in tables and plots."""
        return _joined(self.short, self.rest)

    @property
    def full(self) -> str:
        """The row's name with all its tasks."""
        return _joined(self.tasks, self.rest)


def _joined(tasks: str, rest: str) -> str:
    """Return a row's name; without tasks, what else tells it apart is name enough."""
    return rest.removeprefix(" · ") if tasks == NONE and rest else tasks + rest


def columns_of(comparisons: Sequence[Comparison]) -> list[str]:
    """Return the target of each, with split and metric if they are needed to tell them apart.

    The languages follow if only one of the two models was trained in them.
    """
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
                *([in_languages(one.languages)] if one.trained else []),
                *([COST] if facts_of(one.metric).less_is_better else []),
            ]
        )
        for one in comparisons
    ]


def in_languages(languages: Sequence[str]) -> str:
    """Return languages of training in a few words, to put after a task."""
    if len(languages) > FEW:
        return f"in {len(languages)} languages of training"
    return f"in {', '.join(languages)}"


def rows_of(
    origins: Sequence[Origin], comparisons: Sequence[Comparison], columns: Sequence[str]
) -> list[Label]:
    """Return what models were trained on before, in as few words as tell the rows apart."""
    several = {  # in retrieval, the bare model has no method, which tells nothing
        name: len({value for one in origins if (value := getattr(one, name))}) > 1
        for name in ("how", "method", "backbone")
    }
    for name in ("languages", "shots"):
        several[name] = len({getattr(one, name) for one in origins}) > 1
    tasks = without_caps([one.tasks for one in origins])
    rests = [_rest(one, several) for one in origins]
    for place, pair in enumerate(comparisons):
        if pair.asked:  # of any two models, not what they were trained on before
            tasks[place], rests[place] = f"{pair.model} vs {pair.baseline}", ""
    labels = [text + rest for text, rest in zip(tasks, rests, strict=True)]
    # If two have the same place, names tell them apart, then baselines, recipes and settings.
    for extra in ("model", "baseline", "recipe", "setting"):
        places = Counter(zip(labels, columns, strict=True))
        doubled = {label for (label, _), count in places.items() if count > 1}
        labels = [
            f"{label} · {'vs ' * (extra == 'baseline')}{getattr(one, extra)}"
            if label in doubled and getattr(one, extra)
            else label
            for label, one in zip(labels, comparisons, strict=True)
        ]
    seen: Counter[tuple[str, str]] = Counter()
    for number, at in enumerate(zip(labels, columns, strict=True)):
        seen[at] += 1
        if seen[at] > 1:
            labels[number] += f" ({seen[at]})"
    short = _shortened(tasks)
    return [
        Label(text, short.get(text, text), label[len(text) :])
        for text, label in zip(tasks, labels, strict=True)
    ]


def _shortened(tasks: Sequence[str]) -> dict[str, str]:
    """Return `4 tasks` for what has many; letters follow where other four tasks are a row too."""
    many = dict.fromkeys(text for text in tasks if text.count(" + ") >= _FEW)
    sizes = {text: text.count(" + ") + 1 for text in many}
    numbers = {size: count() for size in sizes.values()}
    alone = {size for size, times in Counter(sizes.values()).items() if times == 1}
    return {
        text: f"{size} tasks" if size in alone else f"{size} tasks ({_letter(next(numbers[size]))})"
        for text, size in sizes.items()
    }


def _letter(number: int) -> str:
    return chr(ord("a") + number) if number < 26 else str(number + 1)


def without_caps(tasks: Sequence[str]) -> list[str]:
    """Leave out how many examples mixtures took of each task, unless that tells them apart."""
    short = [_CAP.sub("", text) for text in tasks]
    return short if len(set(short)) == len(set(tasks)) else list(tasks)


def _rest(one: Origin, several: Mapping[str, bool]) -> str:
    parts = [""]
    if one.how and (several["how"] or one.tasks == NONE):
        parts.append(one.how)
    if several["method"] and one.method:
        parts.append(one.method)
    if several["languages"] and one.languages:
        spoken = ", ".join(one.languages[:4]) + (", ..." if len(one.languages) > 4 else "")
        parts.append(f"trained in {spoken}")
    if several["shots"] and one.shots:
        parts.append(f"{one.shots} shot{'s' * (one.shots > 1)}")
    if several["backbone"]:
        parts.append(one.backbone)
    return " · ".join(parts)
