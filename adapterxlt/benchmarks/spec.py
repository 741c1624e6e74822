"""Describes a benchmark. Languages, labels and files come from the tasks of the catalogue."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adapterxlt.benchmarks.reading import Constant
from adapterxlt.tasks.catalogue import Task, get_task
from adapterxlt.tasks.find import fill


@dataclass(frozen=True)
class Pair:
    """The two files of one language of a task.

    Args:
        known: the labels of the task; () if it has none.
    """

    predictions: Path
    labels: Path
    language: str
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scored:
    """The metrics of one language in percent, and remarks.

    Args:
        same: the only label of the label file, if all its labels are equal.
    """

    metrics: dict[str, float]
    remarks: list[str] = field(default_factory=list)
    same: Constant | None = None


@dataclass(frozen=True)
class TaskSpec:
    """How one task is scored.

    Args:
        name: the name of its folder; upper and lower case, `-` and `_` do not matter.
        task: the name of a task in the catalogue, or a task that the catalogue lacks.
        predictions: pattern of the file below its folder, with `{lang}` and `{split}`.
        score: function that scores a pair of files.
        layouts: names of the task's layouts whose files are read as labels; the first that exists
            is used. A role other than `data` follows after a colon: `xtreme:gold`.
        labelled_alike: whether labels may also have the format of predictions; this is tried first.
        official: the metrics whose mean is the official value; default: the task's main one.
        title: description of the official value.
        beside: if the official metric has a misleading name, the metric that the name suggests.
        aliases: other names of its folder.
    """

    name: str
    task: str | Task
    predictions: str
    score: Callable[[Pair], Scored]
    layouts: tuple[str, ...] = ()
    labelled_alike: bool = False
    official: tuple[str, ...] = ()
    title: str = ""
    beside: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def entry(self) -> Task:
        """The task."""
        return get_task(self.task) if isinstance(self.task, str) else self.task

    @property
    def languages(self) -> tuple[str, ...]:
        """All languages that its average includes."""
        return self.entry.languages

    @property
    def means(self) -> tuple[str, ...]:
        """The metrics whose mean is the official value."""
        return self.official or (self.entry.main_metric,)

    @property
    def called(self) -> str:
        """Description of the official value."""
        return self.title or " and ".join(name.replace("_", " ") for name in self.means)

    def scored(self, predictions: Path, labels: Path, language: str) -> Scored:
        """Return the scores of a pair of files."""
        return self.score(Pair(predictions, labels, language, self.entry.labels))

    def prediction_file(self, language: str, split: str) -> str:
        """Return the prediction file of a language, below the task's folder."""
        return self.predictions.format(lang=language, split=split)

    def label_files(self, language: str, split: str) -> list[str]:
        """Return the possible label files of a language, below the task's folder.

        A layout with only one split is used for every split.
        """
        task = self.entry
        names = [self.prediction_file(language, split)] if self.labelled_alike else []
        layouts = {layout.name: layout for layout in task.layouts}
        for place in self.layouts:
            name, _, role = place.partition(":")
            files = layouts[name].files
            roles = files.get(split) or (next(iter(files.values())) if len(files) == 1 else {})
            if pattern := roles.get(role or "data"):
                names.append(fill(task, layouts[name], pattern, language).partition("/")[2])
        return names


@dataclass(frozen=True)
class Benchmark:
    """A benchmark.

    Args:
        unit: factor of its values: 1 for percent, 0.01 for shares.
        groups: name -> tasks whose mean is published under this name.
        overall: the name of the mean of all tasks.
        help: text of `adapterxlt score NAME --help`: what it scores, and which files it reads.
    """

    name: str
    title: str
    unit: float
    tasks: tuple[TaskSpec, ...]
    groups: Mapping[str, tuple[str, ...]]
    overall: str
    help: str
