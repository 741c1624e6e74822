"""Answers as lines of a file: JSON lines, or a table."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import IO

from adapterxlt.kinds.answers import Answer
from adapterxlt.store.compressed import plain_name


def is_table(path: Path) -> bool:
    """Whether a file is to hold a table, by its name."""
    return plain_name(path).suffix.lower() == ".csv"


class Writer:
    """Writes answers as they come.

    Args:
        file: open for text.
        table: whether as CSV with a header, where several values in one cell are JSON; else as
            one JSON object a line.
    """

    def __init__(self, file: IO[str], table: bool) -> None:
        self._file = file
        self._csv = csv.writer(file, lineterminator="\n") if table else None
        self._empty = True

    def write(self, line: int, name: str, answer: Answer) -> None:
        """Write one answer.

        Args:
            line: of its input. name: the input's id.
        """
        fields: dict[str, object] = {"line": line, "id": name, **answer.as_dict()}
        if self._csv is None:
            self._file.write(json.dumps(fields, ensure_ascii=False) + "\n")
            return
        if self._empty:
            self._csv.writerow(fields)
            self._empty = False
        self._csv.writerow(
            json.dumps(value, ensure_ascii=False)
            if isinstance(value, dict | list | tuple | bool)
            else value
            for value in fields.values()
        )
