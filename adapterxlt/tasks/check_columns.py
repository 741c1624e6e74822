"""Checks that files of records have the columns that the entry names, by their first row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from adapterxlt.errors import MissingDataError
from adapterxlt.tasks.catalogue import Task, members_of, source_of
from adapterxlt.tasks.find import Found, find, has_files
from adapterxlt.tasks.formats import PAIR_TSV, TABLE_READERS, reader_of, required_columns
from adapterxlt.tasks.labels import RENAME, other_splits
from adapterxlt.tasks.readers.columns import column_of_side
from adapterxlt.tasks.readers.pairs import first_of_pairs
from adapterxlt.tasks.readers.records import First, first_of, has_field
from adapterxlt.tasks.reading import bad

_ANSWERS = ("label", "value", "tags")
_WITHHELD = ("label", "value")  # test files may lack them: they are predicted, not scored
_OF_ITS_OWN = "answers"  # the role of a file of labels


class _Lacking(NamedTuple):
    """A file without some columns; their names by the field of the entry."""

    found: Found
    path: Path
    first: First
    columns: dict[str, list[str]]

    def __str__(self) -> str:
        names = [f"`{name}`" for listed in self.columns.values() for name in listed]
        what = f"{self.first.called}{'s' * (len(names) > 1)}"
        there = ", ".join(self.first.record) or "nothing"
        counted = " (columns are counted from 0)" if self.first.numbered else ""
        return f"does not have the {what} {' and '.join(names)}, only {there}{counted}"


def lacking_columns(
    task: Task,
    roots: Sequence[Path],
    languages: Sequence[str],
    split: str,
    instead: Sequence[str],
    *,
    answers: bool = True,
) -> Iterator[MissingDataError]:
    """Yield an error for each file whose first row lacks columns that its reader needs.

    Only the beginning of a file is read, so that this is fast for large and compressed files too.

    Args:
        instead: the splits that may be named where this one has no labels.
        answers: whether the labels are needed.

    Raises:
        MissingDataError: there are no files, or their first row cannot be read.
    """
    for language in languages:
        for lacking in _lacking(task, roots, language, split):
            withheld = lacking.found.split == "test" and set(lacking.columns) <= {*_WITHHELD}
            if withheld and not answers:
                continue
            told = str(lacking)
            if withheld:
                told += ": its examples have no label, so they cannot be trained on or scored"
                others = [
                    name
                    for name in instead
                    if name != split and _is_complete(task, roots, language, name)
                ]
                hint = other_splits(split, others)
                if not lacking.first.numbered:
                    hint = RENAME + hint
            else:
                hint = "rename the column"
                if (home := lacking.found.task.home) is not None:
                    hint += f", or write its name under `columns` in {home.file}"
            yield bad(lacking.path, lacking.first.line, told, hint)


def without_answers(task: Task, roots: Sequence[Path], language: str, split: str) -> str:
    """Name a file whose first row has no column of answers; "" if none lacks it."""
    for lacking in _lacking(task, roots, language, split):
        if columns := {key: names for key, names in lacking.columns.items() if key in _ANSWERS}:
            return f"{lacking.path}: {lacking._replace(columns=columns)}"
    return ""


def _is_complete(task: Task, roots: Sequence[Path], language: str, split: str) -> bool:
    """Whether there is such a split, with all columns."""
    if split not in task.splits or not has_files(task, roots, language, split):
        return False
    return not any(_lacking(task, roots, language, split))


def _lacking(task: Task, roots: Sequence[Path], language: str, split: str) -> Iterator[_Lacking]:
    for member in members_of(source_of(task, split)):
        found = find(member, roots, language, split)
        reader = reader_of(found.task.kind, found.layout.format)
        if reader not in (*TABLE_READERS, PAIR_TSV):
            continue
        look = first_of_pairs if reader == PAIR_TSV else first_of
        for role, path in found.files.items():
            first = look(found.layout, path) if role.startswith("data") else None
            if first is None:
                continue
            wanted = _wanted(replace(found, files={**found.files, "data": path}), first)
            columns = {
                field: lacking
                for field, names in wanted.items()
                if (lacking := [name for name in names if not has_field(first.record, name)])
            }
            if columns:
                yield _Lacking(found, path, first, columns)


def _wanted(found: Found, first: First) -> dict[str, list[str]]:
    """Return the columns that every row of a file must have, by their field in the entry."""
    language = found.layout.language_column
    if language and first.called == "field":  # the record may be in another language
        return {"language_column": [language]}
    wanted: dict[str, list[str]] = {"language_column": [language]} if language else {}
    for field, column in required_columns(found.task, found.layout).items():
        if field == "label" and _OF_ITS_OWN in found.files:
            continue
        listed = column if isinstance(column, tuple) else (column,)
        wanted[field] = [column_of_side(found, str(name)) for name in listed]
    return wanted
