"""Rows of tab-separated files, and records of JSON-lines files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapterxlt.tasks.files import bad, parse_json, read_lines

# A field as Python's csv.writer leaves it: quoted with inner quotes doubled, or without quotes.
_FIELD = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^"\t]*))(\t|\Z)')


def split_row(line: str, columns: range) -> list[str]:
    """Split one line at its tabs, undoing the quoting of csv.writer where it was used.

    XTREME's scripts write with csv.writer, which quotes fields that hold quotes; other files are
    plain. A line is taken as csv only if csv.writer could have written it (every quoted field
    needs its quotes) and it then has a fitting number of columns: `"Hello"` in quotes stays as
    it is, and a quote that is never closed cannot swallow the following lines.

    Args:
        line: without its end.
        columns: the numbers of columns that fit.
    """
    plain = line.split("\t")
    if '"' not in line:
        return plain
    fields: list[str] = []
    position = 0
    while position <= len(line):
        match = _FIELD.match(line, position)
        if match is None:
            return plain
        quoted = match[1]
        if quoted is None:
            fields.append(match[2])
        elif '"' in quoted or "\t" in quoted or "\r" in quoted:
            fields.append(quoted.replace('""', '"'))
        else:
            return plain
        position = match.end() if match[3] else len(line) + 1
    return fields if len(fields) in columns else plain


def json_records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Line number (1-based) and object of every line; blank lines are passed over.

    Raises:
        MissingDataError: a line is not JSON, or not an object.
    """
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        record = parse_json(path, line, number)
        if not isinstance(record, dict):
            raise bad(path, number, f"a JSON object is expected, not {type(record).__name__}")
        yield number, record


def text_field(path: Path, number: int, record: dict[str, Any], key: str) -> str:
    """A text of a JSON record.

    Raises:
        MissingDataError: the key is missing or its value is no text.
    """
    if key not in record:
        keys = ", ".join(sorted(record)) or "nothing"
        raise bad(path, number, f"no `{key}`", f"the record has {keys}")
    value = record[key]
    if not isinstance(value, str):
        raise bad(path, number, f"`{key}` is not a text but {value!r:.60}")
    return value
