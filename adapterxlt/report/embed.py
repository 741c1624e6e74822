"""Embeds data in a page as short JSON from which no name can break out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any

from adapterxlt.report.read import Run
from adapterxlt.results.rows import Row

_MANY = 0.5  # the share of distinct values below which a column is written as indices


def embedded(value: object) -> str:
    """Return JSON for a `<script type="application/json">`: without `<`, `>` and `&`."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def rows_of(runs: Iterable[Run]) -> dict[str, Any]:
    """Return all rows of some runs, column by column."""
    listed = [(str(run.workdir), row) for run in runs for row in run.rows]
    columns = {"workdir": _column([folder for folder, _ in listed])}
    for one in fields(Row):
        columns[one.name] = _column([_plain(getattr(row, one.name)) for _, row in listed])
    return {"count": len(listed), "columns": columns}


def _plain(value: Any) -> Any:
    return " ".join(value) if isinstance(value, tuple) else value


def _column(values: Sequence[Any]) -> dict[str, Any]:
    """Encode a column in one of three ways.

    `all` is one value for all rows. `of` lists the distinct values, and `at` the index into them
    for each row. `is` lists the values as they are.
    """
    places: dict[tuple[type, Any], int] = {}
    at = [places.setdefault((type(value), value), len(places)) for value in values]
    if len(places) == 1:
        return {"all": values[0]}
    if isinstance(values[0], str) or len(places) < _MANY * len(values):
        return {"of": [value for _, value in places], "at": at}
    return {"is": list(values)}
