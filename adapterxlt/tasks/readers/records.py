"""Records with named fields: JSON lines, csv with a header, Parquet."""

from __future__ import annotations

import csv
import io
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapterxlt.store.compressed import plain_name
from adapterxlt.tasks.files import bad, parse_json, read_lines, read_text, refuse_returns

Record = dict[str, Any]

# Text, see `adapterxlt.lines`; the csv module would end a row there.
_LONE_RETURN = re.compile(r"\r(?!\n|\Z)")


def records(path: Path) -> Iterator[tuple[int, Record]]:
    """Line number (1-based; in Parquet: row number) and fields of every record.

    The file's suffix says how it is written: `.csv`, `.tsv` (both with csv quoting and a header),
    `.parquet`, anything else JSON lines.

    Raises:
        MissingDataError: a record is malformed.
    """
    readers = {".csv": _csv, ".tsv": _csv, ".parquet": _parquet}
    return readers.get(plain_name(path).suffix, _json)(path)


def _json(path: Path) -> Iterator[tuple[int, Record]]:
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        record = parse_json(path, line, number)
        if not isinstance(record, dict):
            raise bad(path, number, f"a JSON object is expected, not {type(record).__name__}")
        yield number, record


def _csv(path: Path) -> Iterator[tuple[int, Record]]:
    """Quoted fields may hold line breaks, so the text is not cut into lines first."""
    delimiter = "\t" if plain_name(path).suffix == ".tsv" else ","
    text = read_text(path)
    refuse_returns(path, text)
    mark = next(sign for sign in map(chr, range(0xE000, 0xF900)) if sign not in text)
    text = _LONE_RETURN.sub(mark, text)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        header = next(rows)
        start = rows.line_num + 1
        for row in rows:
            if len(row) != len(header) and row:
                expected = f"{len(header)} expected"
                raise bad(path, start, f"{len(row)} columns, {expected}", "is a quote not closed?")
            if row:
                fields = (field.replace(mark, "\r") for field in row)
                yield start, dict(zip(header, fields, strict=True))
            start = rows.line_num + 1
    except csv.Error as error:
        raise bad(path, start, f"not csv: {error}", "is a quote not closed?") from error


def _parquet(path: Path) -> Iterator[tuple[int, Record]]:
    """Rows of a Parquet file; numbers that stand for classes become the classes' names."""
    # Slow to import. `load_dataset` would report each use to the Hub, and hang without a network.
    from datasets.io.parquet import ParquetDatasetReader

    # Errors are raised; it would also print them.
    logging.getLogger("datasets.packaged_modules.parquet.parquet").setLevel(logging.CRITICAL)
    try:
        # Streaming: no second copy of the data is written.
        rows = ParquetDatasetReader(str(path), split="train", streaming=True).read()
        features = rows.features or {}
        for number, row in enumerate(rows, start=1):
            yield number, {key: _named(features.get(key), value) for key, value in row.items()}
    except (OSError, ValueError) as error:
        raise bad(path, 0, f"not Parquet: {error}") from error


def _named(feature: Any, value: Any) -> Any:
    """A class's name for its number, in lists too; -1 stays, as the mark of a withheld label."""
    if isinstance(value, list):
        return [_named(getattr(feature, "feature", None), item) for item in value]
    if isinstance(value, int) and value >= 0 and hasattr(feature, "int2str"):
        return feature.int2str(value)
    return value


def value_of(path: Path, number: int, record: Record, key: str) -> Any:
    """A field of a record; `question.stem` is the field `stem` of the field `question`.

    Raises:
        MissingDataError: it is not there.
    """
    value: Any = record
    for name in key.split("."):
        if not isinstance(value, dict) or name not in value:
            keys = ", ".join(sorted(record)) or "nothing"
            raise bad(path, number, f"no `{key}`", f"the record has {keys}")
        value = value[name]
    return value


def text_field(path: Path, number: int, record: Record, key: str) -> str:
    """A text of a record.

    Raises:
        MissingDataError: the key is missing or its value is no text.
    """
    value = value_of(path, number, record, key)
    if not isinstance(value, str):
        raise bad(path, number, f"`{key}` is not a text but {value!r:.60}")
    return value
