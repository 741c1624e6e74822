"""Writes answers as lines of a file: JSON lines, or a table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from adapterxlt.kinds.answers import Answer
from adapterxlt.lines import BREAKS
from adapterxlt.store.compressed import plain_name


def is_table(path: Path) -> bool:
    """Whether a file is to hold a table, by its name."""
    return plain_name(path).suffix.lower() == ".csv"


class Writer:
    """Writes answers as they come.

    Args:
        file: open for text.
        table: whether to write CSV with a header, in which each label has a column for its score
            and other lists are JSON in one cell; else one JSON object per line.
    """

    def __init__(self, file: IO[str], table: bool) -> None:
        self._file, self._table = file, table
        self._empty = True

    def write(self, line: int, name: str, answer: Answer) -> None:
        """Write one answer.

        Args:
            line: of its input. name: the input's id.
        """
        fields: dict[str, object] = {"line": line, "id": name, **answer.as_dict()}
        if not self._table:
            self._file.write(json.dumps(fields, ensure_ascii=False) + "\n")
            return
        fields = _columns(fields)
        if self._empty:
            self._file.write(_row(fields))
            self._empty = False
        self._file.write(
            _row(
                json.dumps(value, ensure_ascii=False)
                if isinstance(value, dict | list | tuple | bool)
                else value
                for value in fields.values()
            )
        )


def _row(cells: Iterable[object]) -> str:
    """A row of a table, in which no reader takes a line break in a cell for the end of the row.

    The csv module quotes a cell if it contains one of the characters that end a row. So it is told
    that rows end with every character that some reader takes for a line break.
    """
    row = io.StringIO()
    csv.writer(row, lineterminator=BREAKS).writerow(cells)
    return row.getvalue().removesuffix(BREAKS) + "\n"


def _rounded(score: object) -> object:
    """A probability as a spreadsheet shows it."""
    return f"{score:.6f}" if isinstance(score, float) else score


def _columns(fields: Mapping[str, object]) -> dict[str, object]:
    """The cells of a row by column: `score_LABEL` for the score of each label."""
    found: dict[str, object] = {}
    for name, value in fields.items():
        if name == "scores" and isinstance(value, Mapping):
            found |= {f"score_{label}": _rounded(score) for label, score in value.items()}
        else:
            found[name] = _rounded(value) if name == "score" else value
    return found
