"""Reads tasks: finds the files, then calls the reader of their format."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from math import ceil
from pathlib import Path
from typing import TypeVar, cast

from adapterxlt import plugins
from adapterxlt.errors import AdapterXLTError, MissingDataError, UsageError
from adapterxlt.kinds.bitext_mining import MiningSet
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.registry import get_kind
from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.tasks.catalogue import Task, members_of, source_of
from adapterxlt.tasks.find import Found, find
from adapterxlt.tasks.formats import reader_of
from adapterxlt.tasks.readers.bitext import (
    read_bitext_lines,
    read_bitext_records,
    read_bitext_sorted,
)
from adapterxlt.tasks.readers.choice import read_choice_records
from adapterxlt.tasks.readers.columns import read_bitext_columns, read_text_records
from adapterxlt.tasks.readers.conll import read_conll
from adapterxlt.tasks.readers.lexicon import read_lexicon_file
from adapterxlt.tasks.readers.mining import read_mining_tsv
from adapterxlt.tasks.readers.pairs import read_pair_records, read_pair_tsv
from adapterxlt.tasks.readers.qa import read_qa_records, read_squad_json
from adapterxlt.tasks.readers.single_texts import read_labelled_texts, read_valued_texts
from adapterxlt.tasks.readers.tagging import (
    read_tagging_lines,
    read_tagging_records,
    read_tagging_tsv,
)
from adapterxlt.tasks.readers.text import read_text_contexts, read_text_lines
from adapterxlt.tasks.reading import bad

T = TypeVar("T")

EXAMPLE_READERS: dict[str, Callable[[Found], Iterator[Example]]] = {
    "pair_tsv": read_pair_tsv,
    "pair_records": read_pair_records,
    "tagging_tsv": read_tagging_tsv,
    "tagging_lines": read_tagging_lines,
    "tagging_records": read_tagging_records,
    "squad_json": read_squad_json,
    "qa_records": read_qa_records,
    "choice_records": read_choice_records,
    "text_lines": read_text_lines,
    "text_contexts": read_text_contexts,
    "conll": read_conll,
    "text_records": read_text_records,
    "labelled_texts": read_labelled_texts,
    "valued_texts": read_valued_texts,
}
BITEXT_READERS: dict[str, Callable[[Found], Bitext]] = {
    "bitext": read_bitext_lines,
    "bitext_sorted": read_bitext_sorted,
    "bitext_records": read_bitext_records,
    "bitext_columns": read_bitext_columns,
    "lexicon": read_lexicon_file,
}
MINING_READERS: dict[str, Callable[[Found], MiningSet]] = {"mining_tsv": read_mining_tsv}
READERS = (*EXAMPLE_READERS, *BITEXT_READERS, *MINING_READERS)


class NotInColumnError(MissingDataError):
    """A file names the language of each example, but has no example in the requested one."""


def read_examples(
    task: Task, roots: Sequence[Path], language: str, split: str, cap: int | None = None
) -> list[Example]:
    """Read the examples of a split in file order, or the first `cap` of them.

    If a task consists of others, their examples follow each other task by task; with a cap, each
    contributes an equal share. Ids are distinct.

    Raises:
        MissingDataError: there are no files, they are malformed, or none has a gold label.
        UsageError: the task has no such split, or is a retrieval task.
    """
    members = members_of(source_of(task, split))
    examples: list[Example] = []
    for number, member in enumerate(members):
        left = len(members) - number
        share = None if cap is None else ceil((cap - len(examples)) / left)
        read = _read_one(find(member, roots, language, split), share)
        if len(members) > 1:
            read = [replace(example, id=f"{member.name}:{example.id}") for example in read]
        examples += read
    return examples


def _read_one(found: Found, cap: int | None) -> list[Example]:
    """Read the examples of all the files of one task, or the first `cap` of them."""
    reader = _reader(EXAMPLE_READERS, found)
    examples = list(islice(_parts(found, reader), cap))
    if not examples and cap != 0:
        told = "the file does not contain any examples"
        if found.layout.language_column:
            told += f" in language `{found.language}`"
            raise NotInColumnError(f"{found.files['data']}: {told}")
        raise bad(found.files["data"], 0, told)
    return examples


def _parts(found: Found, reader: Callable[[Found], Iterator[Example]]) -> Iterator[Example]:
    """Read a task that is kept in several files, one file after the other."""
    shared = {role: path for role, path in found.files.items() if not role.startswith("data")}
    for role, path in found.files.items():
        if role in shared:
            continue
        for example in reader(replace(found, files={"data": path, **shared})):
            yield example if role == "data" else replace(example, id=f"{role[5:]}:{example.id}")


def read_bitext(
    task: Task,
    roots: Sequence[Path],
    language: str,
    split: str | None = None,
    cap: int | None = None,
) -> Bitext:
    """Read the translations of a sentence-retrieval task.

    Args:
        split: None for the last one that the task has, which is test in most.
        cap: keep the first ones only.

    Raises:
        MissingDataError: files are missing or malformed.
        UsageError: the task is of another kind or has no such split.
    """
    found = find(task, roots, language, split or task.splits[-1])
    bitext = _reader(BITEXT_READERS, found)(found)
    source, target = bitext.source[:cap], bitext.target[:cap]
    return replace(bitext, split=found.split, source=source, target=target)


def read_mining(
    task: Task, roots: Sequence[Path], language: str, split: str, cap: int | None = None
) -> MiningSet:
    """Read the sentences and gold pairs of a mining task.

    Args:
        cap: keep the first gold pairs only, and as many other sentences of each side.

    Raises:
        MissingDataError: files are missing or malformed.
        UsageError: the task is of another kind or has no such split.
    """
    found = find(task, roots, language, split)
    mining = _reader(MINING_READERS, found)(found)
    return mining if cap is None else mining.first(cap)


def read_sides(
    task: Task, roots: Sequence[Path], language: str, split: str, cap: int | None = None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Read both sides of a retrieval task, source and target, as lists of sentences.

    Raises:
        The errors of `read_bitext` and `read_mining`.
    """
    mines = get_kind(task.kind).mines
    both = (
        read_mining(task, roots, language, split, cap)
        if mines
        else read_bitext(task, roots, language, split, cap)
    )
    return both.source, both.target


def sample(examples: Sequence[T], cap: int | None, seed: int) -> list[T]:
    """Draw at most `cap` examples without repetition; they stay in their original order."""
    if cap is None or cap >= len(examples):
        return list(examples)
    chosen = random.Random(seed).sample(range(len(examples)), cap)
    return [examples[index] for index in sorted(chosen)]


def _reader(readers: dict[str, Callable[[Found], T]], found: Found) -> Callable[[Found], T]:
    name = reader_of(found.task.kind, found.layout.format)
    if name in readers:
        return readers[name]
    if name in READERS or name not in plugins.entries("readers"):
        kind = get_kind(found.task.kind).words
        raise UsageError(
            f"`{found.task.name}` is a task of {kind}, so it cannot be read in this way"
        )
    read = plugins.load("readers", name)
    if not callable(read):
        origin = plugins.origin(plugins.entries("readers")[name])
        raise plugins.PluginError(f"the reader `{name}` of {origin} is not a function")
    return lambda asked: _added(name, read, asked)


def _added(name: str, read: Callable[[Found], T], found: Found) -> T:
    """Call the reader of an installed package; an unexpected error names the package."""
    try:
        given = read(found)
        return cast(T, iter(list(given))) if isinstance(given, Iterable) else given
    except AdapterXLTError:
        raise
    except Exception as error:
        origin = plugins.origin(plugins.entries("readers")[name])
        raise bad(
            next(iter(found.files.values())),
            0,
            f"the reader `{name}` of {origin} failed: {type(error).__name__}: {error}",
            "check the format of the file, or report the problem to the makers of the package",
        ) from error
