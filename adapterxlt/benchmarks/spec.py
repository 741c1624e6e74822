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
        known: the labels that the task has; () where it has none.
    """

    predictions: Path
    labels: Path
    language: str
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scored:
    """The metrics of one language in percent, and remarks.

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
        task: the task of the catalogue that it is, by name; or a task that the catalogue lacks.
        predictions: pattern of the file below its folder; `{lang}` and `{split}`.
        score: what a pair of files scores.
        layouts: those of the task whose files are read as labels, the first that is there. A role
            other than `data` stands behind a colon: `xtreme:gold`.
        labelled_alike: whether labels may also be in the form of predictions; looked for first.
        official: the metrics whose mean is the official value; default: the task's main one.
        title: what the official value is, in words.
        beside: the metric that the official one is taken for, where it is misnamed.
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
        """All languages of its average."""
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
        """The file of a language, below the task's folder."""
        return self.predictions.format(lang=language, split=split)

    def label_files(self, language: str, split: str) -> list[str]:
        """Where the labels of a language may be, below the task's folder.

        A layout that has one split only serves for any.
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
        unit: what its values are multiplied with: 1 for percent, 0.01 for shares.
        groups: tasks whose mean is published under a name.
        overall: how the mean of all tasks is called.
        help: what `adapterxlt score NAME --help` says: what it scores, and which files it reads.
    """

    name: str
    title: str
    unit: float
    tasks: tuple[TaskSpec, ...]
    groups: Mapping[str, tuple[str, ...]]
    overall: str
    help: str
