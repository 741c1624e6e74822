"""Finds the parts of an input in the columns or keys of a file.

The names in the task's entry come first, as its own data use them. Otherwise these are the names
of the kind of task: `premise` and `hypothesis`, or `question` and `context`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adapterxlt.applying.inputs import example_of
from adapterxlt.kinds.given import MissingPartError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.layout import Layout
from adapterxlt.tasks.reading import bad

# Labels and ids are not part of an input.
_NOT_INPUT = ("label", "value", "tags", "tag", "answers", "id")
_TEXT, _PAIR = "text", ("text_pair", "sentence2", "hypothesis")
_WORDS, _CHOICES = "words", "choices"
BETWEEN_CHOICES = "|"
_MARKS = ((";", "semicolons"), ("\t", "tabs"), (",", "commas"), ("|", "bars"))


class Columns:
    """The columns of inputs of a task.

    Args:
        task: its layouts name the columns of its own data.
    """

    def __init__(self, task: Task) -> None:
        self._kind, self._name = get_kind(task.kind), task.kind
        # Such a task has single texts, though its kind takes two as well.
        self.single = bool(task.layouts) and all(
            _TEXT in layout.columns and _PAIR[0] not in layout.columns for layout in task.layouts
        )
        self._layouts = [layout for layout in task.layouts if input_columns(layout)]

    def fields(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """A record in which the columns of the entry have the names of the kind."""
        for layout in self._layouts:
            wanted = input_columns(layout)
            if all(name in record for names in wanted.values() for name in names):
                return self._alone({**record, **_values(record, wanted, layout)})
        return self._alone(dict(record))

    def _alone(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Without a second text, if the task has none."""
        return {key: value for key, value in fields.items() if not self.single or key not in _PAIR}

    def cells(self, row: Mapping[str, str]) -> dict[str, Any]:
        """The same for a row of a table; a cell may contain several words or choices."""
        found = self.fields(row)
        if self._kind.of_words and isinstance(found.get(_WORDS), str):
            found[_WORDS] = _several(found[_WORDS], None)
        if self._kind.takes_choices and isinstance(found.get(_CHOICES), str):
            found[_CHOICES] = _several(found[_CHOICES], BETWEEN_CHOICES)
        return found

    def parts(self, line: str) -> Any:
        """The parts of a plain line: a text, texts between tabs, or words between blanks."""
        if self._kind.of_words:
            return line.split()
        if self.single:
            return line
        found = line.split("\t")
        if self._kind.takes_choices:
            return found[0], found[1:]
        return tuple(found) if len(found) > 1 else line

    def check(self, names: Sequence[str], path: Path) -> None:
        """Check that a table has the columns.

        Raises:
            MissingDataError: a column is missing.
        """
        row = dict.fromkeys(names, "x")
        try:
            example_of(self.cells(row), self._name, "0")
        except MissingPartError as error:
            told = f"there is no column `{error.name}`; the header has {error.has}"
            raise bad(path, 1, told, self._hint(names)) from None
        except ValueError as error:
            raise bad(path, 1, f"the header {error}", self._hint(names)) from None

    def _hint(self, names: Sequence[str]) -> str | None:
        if len(names) == 1 and (found := [name for mark, name in _MARKS if mark in names[0]]):
            return f"the columns seem to be separated by {found[0]}; use commas, or tabs in a .tsv"
        own = [
            ", ".join(n for ns in input_columns(one).values() for n in ns) for one in self._layouts
        ]
        if not own:
            return (
                "rename the columns in the first line of the file; for a task of your own, --tasks "
                "ENTRY names its columns"
            )
        return f"rename the columns; the data of the task have {' or '.join(dict.fromkeys(own))}"


def input_columns(layout: Layout) -> dict[str, tuple[str, ...]]:
    """Return the column names of each part of an input; {} if columns go by number."""
    found = {
        part: tuple(map(str, columns)) if isinstance(columns, tuple) else (str(columns),)
        for part, columns in layout.columns.items()
        if part not in _NOT_INPUT
    }
    numbers = (
        isinstance(column, int)
        for columns in layout.columns.values()
        for column in (columns if isinstance(columns, tuple) else (columns,))
    )
    return {} if any(numbers) else found


def _values(
    record: Mapping[str, Any], wanted: Mapping[str, tuple[str, ...]], layout: Layout
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part, names in wanted.items():
        values = [record[name] for name in names]
        if part == _CHOICES and len(values) > 1:
            found[part] = values
        else:
            found[part] = values[0] if len(values) == 1 else " ".join(map(str, values))
    if _CHOICES in found and isinstance(question := found.pop("question", None), str):
        # As the reader of such tasks has it.
        found["context"] = f"{found['context']} {layout.question_text.get(question, question)}"
    return found


def _several(cell: str, between: str | None) -> list[Any]:
    """A list in JSON, or texts with something between them."""
    if cell.startswith("["):
        try:
            found = json.loads(cell)
        except ValueError:
            found = None
        if isinstance(found, list):
            return found
    return cell.split(between)
