"""Scores a folder of predictions against labels, and reports what is missing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from adapterxlt.benchmarks.finding import find_file, plain, require_folders, unread
from adapterxlt.benchmarks.reading import FEW, FEW_TRANSLATED, WITHHELD, Constant
from adapterxlt.benchmarks.spec import Benchmark, TaskSpec
from adapterxlt.errors import MissingDataError, UsageError
from adapterxlt.suggest import suggest


@dataclass(frozen=True)
class Remark:
    """Why a language of a task has no value, or a note about its value."""

    task: str
    language: str
    message: str


@dataclass(frozen=True)
class TaskScores:
    """The scores of one task: language -> metric -> value, and the means over all languages.

    `averages` and `score` (the official value) are None unless every language has been scored.
    """

    spec: TaskSpec
    languages: dict[str, dict[str, float]]
    averages: dict[str, float] | None
    score: float | None


@dataclass(frozen=True)
class Result:
    """The scores of a folder of predictions.

    Args:
        tasks: the scores of the requested tasks.
        groups: group -> mean of its tasks, None if one of them has no score.
        overall: mean of all tasks, None if one of them has no score.
        problems: every language that has no value.
        remarks: notes on values that may not mean what a reader expects.
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
            "official": {task.spec.name: list(task.spec.means) for task in self.tasks},
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

    If the files of a language are missing or cannot be scored, this is reported as a problem. The
    other languages are still scored, but the task and its groups get no average.

    Args:
        tasks: the tasks to score; default: all tasks of the benchmark.

    Raises:
        MissingDataError: a folder is missing, or nothing can be scored; the error says why.
        UsageError: there is no such task.
    """
    chosen = list(_chosen(benchmark, tasks))
    require_folders(predictions, chosen, "predictions")
    require_folders(labels, chosen, "labels")
    done: list[TaskScores] = []
    problems: list[Remark] = []
    remarks: list[Remark] = []
    for spec in chosen:
        languages: dict[str, dict[str, float]] = {}
        same: dict[str, Constant | None] = {}
        for language in spec.languages:
            try:
                scored = spec.scored(
                    find_file(
                        predictions, spec, [spec.prediction_file(language, split)], "predictions"
                    ),
                    find_file(labels, spec, spec.label_files(language, split), "labels"),
                    language,
                )
            except MissingDataError as error:
                problems.append(Remark(spec.name, language, str(error)))
                continue
            languages[language] = {
                metric: value * benchmark.unit for metric, value in scored.metrics.items()
            }
            remarks += [Remark(spec.name, language, remark) for remark in scored.remarks]
            same[language] = scored.same
        if placeholder := _one_label(same):
            what, certain = placeholder
            told = [Remark(spec.name, language, what) for language in languages]
            if certain:
                problems += told
                languages = {}
            else:
                remarks += told
        done.append(_averaged(spec, languages))
    if not any(task.languages for task in done):
        raise MissingDataError("nothing to score\n  " + "\n  ".join(summarise(problems, benchmark)))
    remarks += [
        Remark(folder, "", f"files that are not part of {benchmark.title} were ignored: {files}")
        for folder, files in unread(benchmark, predictions, split).items()
    ]
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


def summarise(remarks: Sequence[Remark], benchmark: Benchmark) -> list[str]:
    """Return one line per task and message, with all languages that share the message."""
    counts = {spec.name: len(spec.languages) for spec in benchmark.tasks}
    groups: dict[tuple[str, str], list[Remark]] = {}
    for remark in remarks:
        # Equal messages about other files differ in language, file name, numbers and quoted text.
        differs = rf"\b{re.escape(remark.language)}\b|\d+|\(`.*?\)|`[^`]*`|looked for .*"
        kind = re.sub(differs, "", remark.message)
        groups.setdefault((remark.task, kind), []).append(remark)
    lines = []
    for (task, _), found in groups.items():
        languages = ", ".join(remark.language for remark in found)
        if len(found) > 1 and len(found) == counts.get(task):
            languages = f"in all {len(found)} languages"
        place = " ".join(filter(None, (task, languages)))
        first = f"{found[0].language}: " if len(found) > 1 else ""
        lines.append(f"{place}: {first}{found[0].message}")
    return lines


def _chosen(benchmark: Benchmark, names: Sequence[str]) -> Iterator[TaskSpec]:
    known = {plain(spec.name): spec for spec in benchmark.tasks}
    for name in names:
        if plain(name) not in known:
            titles = [spec.name for spec in benchmark.tasks]
            raise UsageError(
                f"{benchmark.title} has no task `{name}`",
                hint=suggest(name, titles),
            )
    wanted = {plain(name) for name in names}
    for key, spec in known.items():
        if key in wanted or not names:
            yield spec


def _one_label(same: Mapping[str, Constant | None]) -> tuple[str, bool] | None:
    """Return the remark on files with only one distinct label, and whether to reject them.

    They are rejected if there are many labels. Files with two or three examples that are
    translations of each other may have the same label by chance.

    Args:
        same: language -> its only distinct label; None if its labels differ.
    """
    found = [constant for constant in same.values() if constant is not None]
    total = sum(constant.count for constant in found)
    if len(found) < len(same) or len({each.label for each in found}) != 1 or total < 2:
        return None
    place = f" in {len(found)} languages" if len(found) > 1 else ""
    what = f"all labels{place} are `{found[0].label}`"
    if total >= FEW and max(constant.count for constant in found) >= FEW_TRANSLATED:
        return f"{what}: placeholders\n  {WITHHELD}", True
    return f"{what}: if they are placeholders, the scores are meaningless", False


def _averaged(spec: TaskSpec, languages: dict[str, dict[str, float]]) -> TaskScores:
    if len(languages) < len(spec.languages):
        return TaskScores(spec, languages, None, None)
    metrics = next(iter(languages.values()))
    averages = {
        metric: sum(values[metric] for values in languages.values()) / len(languages)
        for metric in metrics
    }
    official = sum(averages[metric] for metric in spec.means) / len(spec.means)
    return TaskScores(spec, languages, averages, official)


def _mean(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if len(there) == len(values) else None
