"""Examples for training and scoring: read, and refused when their labels are withheld."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.labels import require_labels
from adapterxlt.tasks.read import read_examples
from adapterxlt.tasks.types import Example


def labelled_examples(
    task: Task, roots: Sequence[Path], language: str, split: str, cap: int | None = None
) -> list[Example]:
    """The examples of a split in file order, or the first `cap` of them.

    Raises:
        MissingDataError: no files, malformed files, or withheld labels.
    """
    examples = read_examples(task, roots, language, split, cap)
    require_labels(task, examples, language, split)
    return examples
