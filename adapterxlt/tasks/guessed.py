"""What was guessed about the content of data files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MAX_LABELS = 200


@dataclass(frozen=True)
class Content:
    """What was found in files.

    Args:
        keys: further keys of the entry: columns, quoting, metrics and others.
        languages: the languages that a column names.
        rows: number of rows that were read.
        called: what these rows are, in words.
    """

    format: str
    kind: str
    keys: dict[str, Any] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    rows: int = 0
    called: str = "rows"
    notes: tuple[str, ...] = ()
