"""What was guessed about the content of data files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

MAX_LABELS = 200
LABEL = ("label", "category", "class", "topic", "gold_label", "intent", "sentiment", "relation")

Values = dict[str, list[Any]]  # of each column


@dataclass(frozen=True)
class Content:
    """What was found in files.

    Args:
        keys: further keys of the entry: columns, quoting, metrics and others.
        languages: the languages that a column names.
        rows: number of rows that were read.
        called: what one of these rows is, in words.
        written: words that follow their number.
    """

    format: str
    kind: str
    keys: dict[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    rows: int = 0
    called: str = "row"
    written: str = ""
    notes: tuple[str, ...] = ()


class Columns(NamedTuple):
    """What was found in the columns of records.

    Args:
        columns: the column, or list of columns, of each field.
        notes: what was guessed, in words.
    """

    kind: str
    columns: dict[str, Any]
    labels: tuple[str, ...]
    notes: list[str]


def named(values: Values, names: Sequence[str]) -> str | None:
    """Return the column that has one of the names in any case; the first of the names wins."""
    lower = {key.lower(): key for key in values}
    return next((lower[name] for name in names if name in lower), None)
