"""Data inside a page: JSON that is short, and that no name in it can break out of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import Markup

from adapterxlt.report.read import Run

_MANY = 0.5  # a column with fewer distinct values than this share of its rows is written as places


def embedded(value: object) -> Markup:
    """JSON for a `<script type="application/json">`: without `<`, `>` and `&`."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Markup(text)


def rows_of(runs: Iterable[Run]) -> dict[str, Any]:
    """Every row of some runs, column by column."""
    listed = [{"workdir": str(run.workdir), **row.as_dict()} for run in runs for row in run.rows]
    names = list(dict.fromkeys(name for row in listed for name in row))
    return {
        "count": len(listed),
        "columns": {name: _column([_plain(row.get(name)) for row in listed]) for name in names},
    }


def _plain(value: Any) -> Any:
    return " ".join(value) if isinstance(value, list) else value


def _column(values: Sequence[Any]) -> dict[str, Any]:
    """`all`: one value; or `of`: the distinct ones, and `at`: which; or `is`: as they are."""
    places: dict[tuple[type, Any], int] = {}
    at = [places.setdefault((type(value), value), len(places)) for value in values]
    if len(places) == 1:
        return {"all": values[0]}
    if isinstance(values[0], str) or len(places) < _MANY * len(values):
        return {"of": [value for _, value in places], "at": at}
    return {"is": list(values)}
