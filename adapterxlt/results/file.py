"""Reads and checks a file of results, whoever wrote it."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from adapterxlt.errors import AdapterXLTError, UsageError
from adapterxlt.results.rows import RESULTS_NAME, RESULTS_SCHEMA, Row
from adapterxlt.show import brief, printable

_ROW = TypeAdapter(Row)

HIGHEST = 1e305  # beyond it, sums and differences of values are no longer finite
MOST = 1 << 53  # examples; larger numbers are not exact as floats

Rows = list[dict[str, Any]]


class DamagedResultsError(AdapterXLTError):
    """A file that should hold results has none that this version can read."""


def read_rows(path: Path) -> Rows:
    """Read the rows of a file of results as plain data: each fits `Row`, and may have more keys.

    Raises:
        FileNotFoundError, NotADirectoryError: the file does not exist.
        DamagedResultsError: it is not a file of results, or has another schema.
    """
    document = _parsed(path)
    if not isinstance(document, dict):
        raise _bad(path, "has no list of `rows`")
    schema = document.get("schema")
    if isinstance(schema, int) and schema != RESULTS_SCHEMA:
        hint = (
            "another version of adapterxlt wrote it; upgrade adapterxlt, use another --workdir, or"
        )
        raise _bad(path, f"has schema {schema}, but this version reads {RESULTS_SCHEMA}", hint)
    rows = document.get("rows")
    if not isinstance(rows, list):
        raise _bad(path, "has no list of `rows`")
    if schema != RESULTS_SCHEMA:
        raise _bad(path, f"has schema {brief(schema)}, but this version reads {RESULTS_SCHEMA}")
    groups: dict[tuple[object, ...], bool] = {}
    for number, given in enumerate(rows):
        row = _checked(path, number, given)
        key = (row.recipe, row.recipe_id, row.stage, row.task, row.split, row.layer, row.pooling)
        groups[key] = groups.get(key, False) or row.main
    for (_, _, stage, task, *_rest), has_main in groups.items():
        if not has_main:
            raise _bad(path, f"{stage} on {task} has no main metric")
    try:  # values that are not checked must be writable again
        json.dumps(document, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise _bad(
            path, "holds a value that JSON does not allow: NaN, or half a character"
        ) from None
    return rows


def as_row(given: Any) -> Row:
    """Make a row from plain data; its texts become printable.

    Raises:
        ValidationError: the data are not a row.
    """
    return _ROW.validate_python(_shown(given))


def _parsed(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        raise
    except UnicodeDecodeError as error:
        raise _bad(path, f"is not UTF-8 at byte {error.start + 1}") from None
    except OSError as error:
        raise _bad(path, f"cannot be read: {error.strerror or error}") from None
    try:
        return json.loads(text)
    except RecursionError:
        raise _bad(path, "is not JSON: its brackets are nested too deeply") from None
    except json.JSONDecodeError as error:
        reason = f"{brief(error.msg)}: line {error.lineno} column {error.colno}"
        raise _bad(
            path, f"is not JSON: {reason}" if text.strip() else "is not JSON: it is empty"
        ) from None
    except ValueError as error:  # a number with too many digits
        raise _bad(path, f"is not JSON: {brief(error)}") from None


def _checked(path: Path, number: int, given: Any) -> Row:
    try:
        row = as_row(given)
    except ValidationError as error:
        first = error.errors()[0]
        key = "".join(f".{part}" for part in first["loc"])
        raise _bad(path, f"rows[{number}]{brief(key)}: {first['msg']}") from None
    if not abs(row.value) <= HIGHEST:
        raise _bad(path, f"rows[{number}].value: {row.value} is not a score")
    if not 0 <= row.n <= MOST:
        raise _bad(path, f"rows[{number}].n: {brief(row.n)} is not a number of examples")
    return row


def _shown(value: Any) -> Any:
    """Return a value with all texts made safe for a terminal."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return [_shown(each) for each in value]
    if isinstance(value, dict):
        return {key: _shown(each) for key, each in value.items()}
    return value


@lru_cache(maxsize=1 << 16)
def _text(value: str) -> str:
    """Return a printable text; cached, as many rows have the same names."""
    return printable(value)


def _bad(path: Path, message: str, first: str = "") -> DamagedResultsError:
    return DamagedResultsError(
        f"{path}: {message}",
        hint=f"{first} move it away, or rebuild it from the stored results (this renames the old "
        f"file): adapterxlt report {path.parent} --rebuild".strip(),
    )


def no_results(workdir: Path, error: OSError) -> UsageError:
    """Return the error of a work folder that has no file of results.

    Args:
        error: what reading the file met.
    """
    hint = "name a work folder of a finished run"
    if isinstance(error, NotADirectoryError):
        return UsageError(f"{workdir}: is not a folder", hint=hint)
    return UsageError(
        f"{workdir / RESULTS_NAME}: there is no such file",
        hint=f"{hint}; `adapterxlt run RECIPE --workdir {workdir}` fills one",
    )
