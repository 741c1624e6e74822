"""Finds files that lack the column in which the entry expects the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from adapterxlt.tasks.catalogue import Task, members_of, source_of
from adapterxlt.tasks.find import find
from adapterxlt.tasks.formats import TABLE_READERS, reader_of
from adapterxlt.tasks.readers.records import records_of

_ANSWERS = ("label", "value", "tags")
_OF_ITS_OWN = "answers"  # the role of a file of labels


def without_answers(task: Task, roots: Sequence[Path], language: str, split: str) -> str:
    """Name a file of records whose first record has no column of answers; "" if none lacks it."""
    for member in members_of(source_of(task, split)):
        found = find(member, roots, language, split)
        layout = found.layout
        if reader_of(found.task.kind, layout.format) not in TABLE_READERS or (
            _OF_ITS_OWN in found.files
        ):
            continue
        for role, path in found.files.items():
            if not role.startswith("data"):
                continue
            _, record = next(records_of(replace(found, files={"data": path})), (0, None))
            if record is None:
                continue
            for field in _ANSWERS:
                column = layout.columns.get(field)
                if isinstance(column, str) and column.split(".")[0] not in record:
                    return f"{path}: does not have the column `{column}`, only {', '.join(record)}"
    return ""
