"""What a benchmark consists of: its tasks, their languages and files, and how they are scored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adapterxlt.scoring.files import Constant


@dataclass(frozen=True)
class Pair:
    """The two files of one language of a task."""

    predictions: Path
    labels: Path
    language: str


@dataclass(frozen=True)
class Scored:
    """The metrics of one language in percent, and what is worth a remark.

    Args:
        same: the label that all labels are, if there is but one.
    """

    metrics: dict[str, float]
    remarks: list[str] = field(default_factory=list)
    same: Constant | None = None


@dataclass(frozen=True)
class TaskSpec:
    """How one task is scored.

    Args:
        name: the name of its folder; upper and lower case, `-` and `_` do not matter.
        languages: all that its average is over.
        predictions: patterns of the file below its folder; `{lang}`, `{split}` and `fields`.
        labels: the same for the labels; the first that exists is read.
        score: what a pair of files scores.
        official: the metrics whose mean is the official value.
        title: what the official value is, in words.
        beside: the metric that the official one is taken for, where it is misnamed.
        aliases: other names of its folder.
        fields: what else the patterns name, by language and split.
    """

    name: str
    languages: tuple[str, ...]
    predictions: tuple[str, ...]
    labels: tuple[str, ...]
    score: Callable[[Pair], Scored]
    official: tuple[str, ...]
    title: str
    beside: str = ""
    aliases: tuple[str, ...] = ()
    fields: Callable[[str, str], Mapping[str, str]] = lambda _language, _split: {}


@dataclass(frozen=True)
class Benchmark:
    """A benchmark.

    Args:
        unit: what its values are multiplied with: 1 for percent, 0.01 for shares.
        groups: tasks whose mean is published under a name.
        overall: how the mean of all tasks is called.
    """

    name: str
    title: str
    unit: float
    tasks: tuple[TaskSpec, ...]
    groups: Mapping[str, tuple[str, ...]]
    overall: str
