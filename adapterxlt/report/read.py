"""Reads `results.json` of work folders, which may come from others."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from adapterxlt.errors import AdapterXLTError, UsageError
from adapterxlt.report.rows import RESULTS_NAME, RESULTS_SCHEMA, Row
from adapterxlt.show import brief, printable

_ROW = TypeAdapter(Row)


@dataclass(frozen=True)
class Run:
    """What one recipe measured.

    Args:
        workdir: where its results lie.
        recipe: its name.
        rows: in plan order.
    """

    workdir: Path
    recipe: str
    rows: tuple[Row, ...]


def read_runs(workdirs: tuple[Path, ...]) -> list[Run]:
    """The runs of some work folders, in order of folders, then of recipes' names.

    Raises:
        UsageError: a folder has no results.
        AdapterXLTError: a file of results is none.
    """
    runs = []
    for workdir in dict.fromkeys(workdirs):
        rows = _read(workdir / RESULTS_NAME)
        for recipe in dict.fromkeys(row.recipe for row in rows):
            runs.append(Run(workdir, recipe, tuple(row for row in rows if row.recipe == recipe)))
    return runs


def _read(path: Path) -> list[Row]:
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(
            f"{path}: there is no such file",
            hint=f"name a folder that `adapterxlt run RECIPE --workdir {path.parent}` has filled",
        ) from None
    except UnicodeDecodeError:
        raise _bad(path, "is not UTF-8") from None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _bad(path, f"is not JSON: {brief(error)}") from None
    if not isinstance(document, dict) or not isinstance(document.get("rows"), list):
        raise _bad(path, "has no list of `rows`")
    if document.get("schema") != RESULTS_SCHEMA:
        raise _bad(
            path, f"has schema {brief(document.get('schema'))}, this version reads {RESULTS_SCHEMA}"
        )
    rows = [_row(path, number, row) for number, row in enumerate(document["rows"])]
    groups: dict[tuple[object, ...], bool] = {}
    for row in rows:
        key = (row.recipe, row.stage, row.task, row.split, row.layer, row.pooling)
        groups[key] = groups.get(key, False) or row.main
    for (_, stage, task, *_rest), has_main in groups.items():
        if not has_main:
            raise _bad(path, f"{stage} on {task} has no main metric")
    return rows


def _row(path: Path, number: int, given: Any) -> Row:
    try:
        row = _ROW.validate_python(_shown(given))
    except ValidationError as error:
        first = error.errors()[0]
        key = "".join(f".{part}" for part in first["loc"])
        raise _bad(path, f"rows[{number}]{brief(key)}: {first['msg']}") from None
    if not math.isfinite(row.value):
        raise _bad(path, f"rows[{number}].value: {row.value} is no score")
    return row


def _shown(value: Any) -> Any:
    """Text as a terminal may show it."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [_shown(each) for each in value]
    if isinstance(value, dict):
        return {key: _shown(each) for key, each in value.items()}
    return value


def _bad(path: Path, message: str) -> AdapterXLTError:
    return AdapterXLTError(
        f"{path}: {message}", hint="run the recipe again to have it written anew"
    )
