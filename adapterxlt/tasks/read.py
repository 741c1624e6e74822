"""Reading tasks: find the files, then the reader of their format."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TypeVar

from adapterxlt.errors import UsageError
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.files import bad
from adapterxlt.tasks.find import Found, find
from adapterxlt.tasks.readers.bitext import read_bitext_lines
from adapterxlt.tasks.readers.choice import read_choice_jsonl
from adapterxlt.tasks.readers.mining import read_mining_tsv
from adapterxlt.tasks.readers.pairs import read_pair_jsonl, read_pair_tsv
from adapterxlt.tasks.readers.qa import read_squad_json
from adapterxlt.tasks.readers.tagging import read_tagging_tsv
from adapterxlt.tasks.types import Bitext, Example, MiningSet

T = TypeVar("T")

EXAMPLE_READERS: dict[str, Callable[[Found], Iterator[Example]]] = {
    "pair_tsv": read_pair_tsv,
    "pair_jsonl": read_pair_jsonl,
    "tagging_tsv": read_tagging_tsv,
    "squad_json": read_squad_json,
    "choice_jsonl": read_choice_jsonl,
}
BITEXT_READERS: dict[str, Callable[[Found], Bitext]] = {"bitext": read_bitext_lines}
MINING_READERS: dict[str, Callable[[Found], MiningSet]] = {"mining_tsv": read_mining_tsv}


def read_examples(
    task: Task, roots: Sequence[Path], language: str, split: str, cap: int | None = None
) -> list[Example]:
    """The examples of a split in file order, or the first `cap` of them.

    Raises:
        MissingDataError: no files, malformed files, or none with a gold label.
        UsageError: the task has no such split, or is one of retrieval.
    """
    found = find(task, roots, language, split)
    reader = _reader(EXAMPLE_READERS, found)
    examples = list(islice(reader(found), cap))
    if not examples and cap != 0:
        raise bad(found.files["data"], 0, "the file holds no examples")
    return examples


def read_bitext(task: Task, roots: Sequence[Path], language: str) -> Bitext:
    """The translations of a sentence-retrieval task.

    Raises:
        MissingDataError: no files, or malformed ones.
        UsageError: the task is of another kind.
    """
    found = find(task, roots, language, task.splits[0])
    return _reader(BITEXT_READERS, found)(found)


def read_mining(task: Task, roots: Sequence[Path], language: str, split: str) -> MiningSet:
    """The sentences and gold pairs of a mining task.

    Raises:
        MissingDataError: no files, or malformed ones.
        UsageError: the task is of another kind or has no such split.
    """
    found = find(task, roots, language, split)
    return _reader(MINING_READERS, found)(found)


def sample(examples: Sequence[T], cap: int | None, seed: int) -> list[T]:
    """At most `cap` examples, drawn without repetition, in their original order."""
    if cap is None or cap >= len(examples):
        return list(examples)
    chosen = random.Random(seed).sample(range(len(examples)), cap)
    return [examples[index] for index in sorted(chosen)]


def _reader(readers: dict[str, Callable[[Found], T]], found: Found) -> Callable[[Found], T]:
    if found.layout.format not in readers:
        kind = found.task.kind.replace("_", " ")
        raise UsageError(f"`{found.task.name}` is a task of {kind}: it cannot be read as asked")
    return readers[found.layout.format]
