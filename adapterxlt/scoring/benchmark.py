"""A benchmark's tasks, languages and averages; scoring a folder of predictions against labels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from adapterxlt.errors import MissingDataError, UsageError
from adapterxlt.suggest import suggest


@dataclass(frozen=True)
class Pair:
    """The two files of one language of a task."""

    predictions: Path
    labels: Path
    language: str


@dataclass(frozen=True)
class Scored:
    """The metrics of one language in percent, and what is worth a remark."""

    metrics: dict[str, float]
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class TaskSpec:
    """How one task is scored.

    Args:
        name: the name of its folder; upper and lower case, `-` and `_` do not matter.
        languages: all that its average is over.
        predictions: patterns of the file below its folder; `{lang}`, `{split}`.
        labels: the same for the labels; the first that exists is read.
        score: what a pair of files scores.
        official: the metrics whose mean is the official value.
        title: what the official value is, in words.
        beside: the metric that the official one is taken for, where it is misnamed.
        aliases: other names of its folder.
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


@dataclass(frozen=True)
class Remark:
    """Why a language of a task has no value, or what to know about the value it has."""

    task: str
    language: str
    message: str


@dataclass(frozen=True)
class TaskScores:
    """What one task scored: language -> metric -> value, and the means over all languages.

    `averages` and `score` (the official value) are None unless every language has been scored.
    """

    spec: TaskSpec
    languages: dict[str, dict[str, float]]
    averages: dict[str, float] | None
    score: float | None


@dataclass(frozen=True)
class Result:
    """What a folder of predictions scored.

    Args:
        tasks: those that were asked for.
        groups: mean by group, None where a task of it has no score; `overall` the same.
        problems: every language that has no value.
        remarks: what was scored, but not as one might think.
    """

    benchmark: Benchmark
    tasks: list[TaskScores]
    groups: dict[str, float | None]
    overall: float | None
    problems: list[Remark]
    remarks: list[Remark]

    def document(self) -> dict[str, object]:
        """The result as plain JSON data."""
        return {
            "benchmark": self.benchmark.name,
            "unit": "percent" if self.benchmark.unit == 1 else "share",
            "tasks": {task.spec.name: task.languages for task in self.tasks},
            "averages": {
                task.spec.name: None
                if task.averages is None
                else {**task.averages, "score": task.score}
                for task in self.tasks
            },
            "official": {task.spec.name: list(task.spec.official) for task in self.tasks},
            "groups": self.groups,
            self.benchmark.overall: self.overall,
            "missing": [asdict(problem) for problem in self.problems],
            "remarks": [asdict(remark) for remark in self.remarks],
        }


def score_benchmark(
    benchmark: Benchmark,
    predictions: Path,
    labels: Path,
    *,
    split: str = "test",
    tasks: Sequence[str] = (),
) -> Result:
    """Score a folder of predictions against a folder of labels.

    A language whose files are missing or cannot be scored is a problem of its own: the others
    are scored all the same, but its task gets no average, nor any group that the task is in.

    Args:
        tasks: those to score; default: all of the benchmark.

    Raises:
        MissingDataError: a folder is missing, or nothing can be scored; says why.
        UsageError: there is no such task.
    """
    for folder, what in ((predictions, "predictions"), (labels, "labels")):
        if not folder.is_dir():
            raise MissingDataError(f"{folder}: there is no such folder of {what}")
    done: list[TaskScores] = []
    problems: list[Remark] = []
    remarks: list[Remark] = []
    for spec in _chosen(benchmark, tasks):
        languages: dict[str, dict[str, float]] = {}
        for language in spec.languages:
            try:
                pair = Pair(
                    _find(predictions, spec, spec.predictions, language, split, "predictions"),
                    _find(labels, spec, spec.labels, language, split, "labels"),
                    language,
                )
                scored = spec.score(pair)
            except MissingDataError as error:
                problems.append(Remark(spec.name, language, str(error)))
                continue
            languages[language] = {
                metric: value * benchmark.unit for metric, value in scored.metrics.items()
            }
            remarks += [Remark(spec.name, language, remark) for remark in scored.remarks]
        done.append(_averaged(spec, languages))
    if not any(task.languages for task in done):
        raise MissingDataError("nothing to score\n  " + "\n  ".join(summarise(problems)))
    remarks += _unread(benchmark, predictions, split)
    scores = {task.spec.name: task.score for task in done}
    return Result(
        benchmark,
        done,
        {
            name: _mean([scores.get(task) for task in group])
            for name, group in benchmark.groups.items()
        },
        _mean([scores.get(spec.name) for spec in benchmark.tasks]),
        problems,
        remarks,
    )


def summarise(remarks: Sequence[Remark]) -> list[str]:
    """One line a task and message; languages of which the same is said together."""
    groups: dict[tuple[str, str], list[Remark]] = {}
    for remark in remarks:
        # The same in another file: language, numbers and quoted text differ.
        kind = re.sub(rf"\b{re.escape(remark.language)}\b|\d+|`[^`]*`", "", remark.message)
        groups.setdefault((remark.task, kind), []).append(remark)
    lines = []
    for (task, _), found in groups.items():
        place = " ".join(filter(None, (task, ", ".join(remark.language for remark in found))))
        first = f"{found[0].language}: " if len(found) > 1 else ""
        lines.append(f"{place}: {first}{found[0].message}")
    return lines


def _chosen(benchmark: Benchmark, names: Sequence[str]) -> Iterator[TaskSpec]:
    known = {_plain(spec.name): spec for spec in benchmark.tasks}
    for name in names:
        if _plain(name) not in known:
            titles = [spec.name for spec in benchmark.tasks]
            raise UsageError(
                f"{benchmark.title} has no task `{name}`",
                hint=suggest(name, titles, show=len(titles)),
            )
    wanted = {_plain(name) for name in names}
    for key, spec in known.items():
        if key in wanted or not names:
            yield spec


def _averaged(spec: TaskSpec, languages: dict[str, dict[str, float]]) -> TaskScores:
    if len(languages) < len(spec.languages):
        return TaskScores(spec, languages, None, None)
    metrics = next(iter(languages.values()))
    averages = {
        metric: sum(values[metric] for values in languages.values()) / len(languages)
        for metric in metrics
    }
    official = sum(averages[metric] for metric in spec.official) / len(spec.official)
    return TaskScores(spec, languages, averages, official)


def _mean(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if len(there) == len(values) else None


def _plain(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).casefold()


def _folders(root: Path, spec: TaskSpec) -> list[Path]:
    names = {_plain(name) for name in (spec.name, *spec.aliases)}
    return [path for path in sorted(root.iterdir()) if path.is_dir() and _plain(path.name) in names]


def _find(
    root: Path, spec: TaskSpec, patterns: Sequence[str], language: str, split: str, what: str
) -> Path:
    names = [pattern.format(lang=language, split=split) for pattern in patterns]
    folders = _folders(root, spec) or [root / spec.name]
    for folder in folders:
        for name in names:
            if (folder / name).is_file():
                return folder / name
    raise MissingDataError(f"no {what}: looked for {folders[0] / ', '.join(names)}")


def _unread(benchmark: Benchmark, predictions: Path, split: str) -> list[Remark]:
    """Prediction files that no task of the benchmark reads (another language, another task)."""
    read = {
        folder / pattern.format(lang=language, split=split)
        for spec in benchmark.tasks
        for folder in _folders(predictions, spec)
        for language in spec.languages
        for pattern in spec.predictions
    }
    unread: dict[str, list[str]] = {}
    for path in sorted(predictions.glob("*/*")):
        if path.is_file() and path not in read and not path.name.startswith("."):
            unread.setdefault(path.parent.name, []).append(path.name)
    remarks = []
    for folder, files in unread.items():
        others = f" and {len(files) - 1} more" if len(files) > 1 else ""
        message = f"not read, as no part of {benchmark.title}: {files[0]}{others}"
        remarks.append(Remark(folder, "", message))
    return remarks
