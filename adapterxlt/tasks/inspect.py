"""Inspects the files of a task: counts, labels, duplicates between splits, empty texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.kinds.regression import ValuedText
from adapterxlt.tasks.catalogue import Task, source_of
from adapterxlt.tasks.check_columns import lacking_columns, without_answers
from adapterxlt.tasks.find import beside, find, has_files
from adapterxlt.tasks.fingerprint import normalise_text, text_digest
from adapterxlt.tasks.parallel import UNEVEN, uneven
from adapterxlt.tasks.read import NotInColumnError, read_examples, read_sides
from adapterxlt.tasks.texts import texts_of


@dataclass
class Part:
    """One split in one language.

    Args:
        files: the files that were read.
        examples: number of examples.
        labels: how often each label occurs; with tags, each word counts.
        values: the lowest, mean and highest of the numbers that are predicted; empty for labels.
        unlabelled: number of examples without a label.
        lacking: which file lacks the column of the labels; "" if none does.
        empty: number of examples with a blank text.
        repeated: number of examples whose texts all occurred before in the same part.
        shared: for each split before this one, the number of examples here that share a text.
    """

    language: str
    split: str
    files: list[str]
    examples: int = 0
    labels: dict[str, int] = field(default_factory=dict)
    values: tuple[float, ...] = ()
    unlabelled: int = 0
    lacking: str = ""
    empty: int = 0
    repeated: int = 0
    shared: dict[str, int] = field(default_factory=dict)


@dataclass
class Findings:
    """The parts that were read, the problems, and the languages without examples of a split."""

    parts: list[Part] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    missing: dict[str, list[str]] = field(default_factory=dict)


def inspect(task: Task, roots: Sequence[Path]) -> Findings:
    """Read all existing files of a task, in all of its languages and splits."""
    found = Findings()
    for language in task.languages:
        before: dict[str, set[bytes]] = {}
        for split in task.splits:
            if not has_files(task, roots, language, split):
                found.missing.setdefault(split, []).append(language)
                continue
            try:
                lacking = lacking_columns(task, roots, [language], split, (), answers=False)
                if problems := list(map(str, lacking)):
                    found.problems += problems
                    continue
                part, texts = _part(task, roots, language, split, before)
            except NotInColumnError:
                found.missing.setdefault(split, []).append(language)
                continue
            except MissingDataError as error:
                found.problems.append(str(error))
                continue
            found.parts.append(part)
            before[split] = texts
    labelled = {part.split for part in found.parts if part.unlabelled < part.examples}
    found.problems += [
        f"{part.lacking}\n  the {part.split} files of other languages have it; rename the column"
        for part in found.parts
        if part.lacking and part.split in labelled
    ]
    for split in task.splits:
        counts = {part.language: part.examples for part in found.parts if part.split == split}
        if told := uneven(task, split, counts):
            found.problems.append(f"{task.name}: {told}\n  {UNEVEN}")
    if not found.parts and not found.problems:
        try:
            find(task, roots, task.languages[0], task.splits[0])
        except MissingDataError as error:
            found.problems.append(str(error))
    return found


def _part(
    task: Task, roots: Sequence[Path], language: str, split: str, before: dict[str, set[bytes]]
) -> tuple[Part, set[bytes]]:
    files = find(source_of(task, split), roots, language, split).files.values()
    places = [*roots, *beside(task)]
    part = Part(language, split, [_short(path, places) for path in files])
    labels: Counter[str] = Counter()
    texts: set[bytes] = set()
    shared: Counter[str] = Counter()
    for found, names in _rows(task, roots, language, split):
        part.examples += 1
        part.unlabelled += names is None
        labels.update(names or ())
        part.empty += not all(text.strip() for text in found)
        digests = {text_digest(normalise_text(text)) for text in found if text.strip()}
        part.repeated += bool(digests) and digests <= texts
        shared.update(other for other, seen in before.items() if digests & seen)
        texts |= digests
    order = {label: place for place, label in enumerate(task.labels)}
    listed = sorted(labels, key=lambda label: (order.get(label, 0), label))
    part.labels = {label: labels[label] for label in listed}
    if get_kind(task.kind).example is ValuedText and labels:
        numbers = [float(label) for label in labels.elements()]
        part.labels = {}
        part.values = (min(numbers), sum(numbers) / len(numbers), max(numbers))
    part.shared = dict(shared)
    if part.unlabelled:
        part.lacking = without_answers(task, roots, language, split)
    return part, texts


def _rows(
    task: Task, roots: Sequence[Path], language: str, split: str
) -> Iterator[tuple[Sequence[str], list[str] | None]]:
    """Yield the texts of every example and the names of its labels; None if they are withheld."""
    kind = get_kind(task.kind)
    if kind.trainable:
        for example in read_examples(task, roots, language, split):
            yield list(texts_of([example])) or [""], _labels(task, example)
        return
    source, target = read_sides(task, roots, language, split)
    if kind.mines:
        yield from (((text,), []) for text in (*source, *target))
    else:
        yield from ((both, []) for both in zip(source, target, strict=True))


_GOLD = ("tags", "labels", "label", "value", "answers")  # each kind has one of them


def _labels(task: Task, example: object) -> list[str] | None:
    """Return names of an example's labels; [] if its kind has none, None if they are withheld."""
    there = [name for name in _GOLD if hasattr(example, name)]
    stated = [name for name in there if getattr(example, name) is not None]
    if not stated:
        return None if there else []
    value = getattr(example, stated[0])
    if stated[0] == "answers":
        return ["answered" if value else "no answer"]
    if stated[0] == "value":
        return [str(value)]
    listed = value if isinstance(value, tuple) else (value,)
    if not task.labels:
        return []
    return [task.labels[each] if isinstance(each, int) else str(each) for each in listed]


def _short(path: Path, roots: Sequence[Path]) -> str:
    """Return a file's path relative to its data folder."""
    for root in roots:
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return str(path)
