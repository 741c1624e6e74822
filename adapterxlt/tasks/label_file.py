"""Reads labels that come with the data, such as CCG's 1,363 supertags in a separate file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from adapterxlt.errors import MissingDataError
from adapterxlt.tasks.catalogue import Task, source_of
from adapterxlt.tasks.find import find
from adapterxlt.tasks.reading import bad, parse_json, read_text

LABELS_ROLE = "labels"


def with_labels(task: Task, roots: Sequence[Path], language: str, split: str) -> Task:
    """Return the task with its labels; some tasks keep them in a file beside the data of `split`.

    Raises:
        MissingDataError: the label file is missing, malformed or has a wrong number of labels.
    """
    if task.label_count is None:
        return task
    files = find(source_of(task, split), roots, language, split).files
    return task.model_copy(update={"labels": read_label_file(files[LABELS_ROLE], task)})


def read_label_file(path: Path, task: Task) -> tuple[str, ...]:
    """Read labels from a JSON object of label -> number, in the order of their numbers.

    Raises:
        MissingDataError: the file is malformed, its numbers are not 0, 1, 2, ..., or the task has
            another number of labels.
    """
    status = path.stat()
    return _read(path, task.name, task.label_count, (status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=16)
def _read(path: Path, name: str, count: int | None, _changed: tuple[int, int]) -> tuple[str, ...]:
    numbers = parse_json(path, read_text(path))
    try:
        labels = {int(number): str(label) for label, number in numbers.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise _malformed(path) from error
    if sorted(labels) != list(range(len(numbers))):
        raise _malformed(path)
    if count is not None and len(labels) != count:
        raise bad(path, 0, f"{len(labels)} labels, but `{name}` has {count}")
    return tuple(labels[number] for number in range(len(labels)))


def _malformed(path: Path) -> MissingDataError:
    return bad(path, 0, "not a label file", "expected: a JSON object of labels and 0, 1, 2, ...")
