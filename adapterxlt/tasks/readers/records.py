"""Reads records with named fields: JSON lines, tables with or without a header, Parquet."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from adapterxlt.show import number_of
from adapterxlt.store.compressed import plain_name
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.layout import Layout
from adapterxlt.tasks.readers.tables import DELIMITERS, Quoting, check_header, rows_of
from adapterxlt.tasks.reading import bad, parse_json
from adapterxlt.tasks.streams import stream_lines

Record = dict[str, Any]
_OPEN = "a quote may not be closed"
_NOTHING = object()  # instead of a field that a record lacks


class First(NamedTuple):
    """The first row of a file.

    Args:
        line: of the header, or of the first record; 0 in Parquet.
        called: what the parts of a record are called in such a file.
        record: the names of the columns; in JSON lines and Parquet, mappings for nested ones.
        numbered: whether the columns have no names, but numbers.
    """

    line: int
    called: Literal["column", "field"]
    record: Record
    numbered: bool = False


def records_of(found: Found) -> Iterator[tuple[int, Record]]:
    """Yield line number and fields of every record of a layout in the requested language.

    If the layout's `format` is the name of a file format (`csv`), it says how the file is written;
    otherwise the file's suffix does. Columns without names are called `0`, `1`, ...

    Raises:
        MissingDataError: a record is malformed, or lacks the language that records must name.
    """
    path, layout = found.files["data"], found.layout
    written = form_of(layout, path)
    if written in DELIMITERS:
        rows = _table(path, DELIMITERS[written], layout.quoting, _has_header(layout))
    else:
        rows = _parquet(path) if written == "parquet" else _json(path)
    key, codes = layout.language_column, {found.language}
    if key:
        codes |= {found.task.iso3.get(found.language, found.language)}
        codes |= {found.task.language_names.get(found.language, found.language)}
    for number, record in rows:
        if not key or text_field(path, number, record, key) in codes:
            yield number, record


def _has_header(layout: Layout) -> bool:
    numbered = any(isinstance(column, int) for column in layout.columns.values())
    return layout.header or not numbered


def first_of(layout: Layout, path: Path) -> First | None:
    """Return the first row of a file of a layout; None if there is none. Nothing more is read.

    Raises:
        MissingDataError: it cannot be read.
    """
    written = form_of(layout, path)
    if written == "parquet":
        return First(0, "column", _schema(path))
    if written not in DELIMITERS:
        line, record = next(_json(path), (0, None))
        return None if record is None else First(line, "field", record)
    lines = (line for _, line in stream_lines(path))
    row = next(rows_of(lines, DELIMITERS[written], layout.quoting), None)
    if row is None or row.problem:  # which reading the file tells
        return None
    if _has_header(layout):
        check_header(path, row.first, row.cells)
        return First(row.first, "column", dict.fromkeys(row.cells))
    numbers = map(str, range(len(row.cells)))
    return First(row.first, "column", dict.fromkeys(numbers), numbered=True)


def form_of(layout: Layout, path: Path) -> str:
    """Return how a file of records is written: by the layout's `format`, else by its suffix."""
    if layout.format in (*DELIMITERS, "jsonl", "parquet"):
        return layout.format
    return plain_name(path).suffix.removeprefix(".")


def records(path: Path) -> Iterator[tuple[int, Record]]:
    """Yield line number (1-based; in Parquet: row number) and fields of every record.

    The file's suffix says how it is written: `.csv`, `.tsv` (both with csv quoting and a header),
    `.parquet`, anything else JSON lines.

    Raises:
        MissingDataError: a record is malformed.
    """
    suffix = plain_name(path).suffix.removeprefix(".")
    if suffix in DELIMITERS:
        return _table(path, DELIMITERS[suffix])
    return _parquet(path) if suffix == "parquet" else _json(path)


def _json(path: Path) -> Iterator[tuple[int, Record]]:
    for number, line in stream_lines(path):
        if not line.strip():
            continue
        record = parse_json(path, line.removesuffix("\n").removesuffix("\r"), number)
        if not isinstance(record, dict):
            raise bad(path, number, f"a JSON object is expected, not {type(record).__name__}")
        yield number, record


def _table(
    path: Path, delimiter: str, quoting: Quoting = "csv", header: bool = True
) -> Iterator[tuple[int, Record]]:
    """Yield the rows of a table."""
    names: list[str] = []
    for row in rows_of((line for _, line in stream_lines(path)), delimiter, quoting):
        if row.problem:
            hint = _OPEN
            if quoting == "csv":
                hint += "; if quotes are plain characters, set `quoting: none` in the entry"
            written = "csv" if delimiter == "," else "tsv"
            raise bad(path, row.first, f"not {written}: {row.problem}", hint)
        if not names:
            names = row.cells if header else [str(number) for number in range(len(row.cells))]
            if header:
                check_header(path, row.first, names)
                continue
        if len(row.cells) != len(names):
            told = f"{number_of(len(row.cells), 'column')}, {len(names)} expected"
            raise bad(path, row.first, told, _OPEN if quoting == "csv" else None)
        yield row.first, dict(zip(names, row.cells, strict=True))


def _parquet(path: Path) -> Iterator[tuple[int, Record]]:
    """Yield the rows of a Parquet file; numbers of classes are replaced by the classes' names."""
    # It is slow to import. `load_dataset` would report each use to the Hub, and hang without a
    # network.
    from datasets.io.parquet import ParquetDatasetReader

    # Errors are raised anyway; it would also print them.
    logging.getLogger("datasets.packaged_modules.parquet.parquet").setLevel(logging.CRITICAL)
    try:
        # Streaming: no second copy of the data is written.
        rows = ParquetDatasetReader(str(path), split="train", streaming=True).read()
        features = rows.features or {}
        for number, row in enumerate(rows, start=1):
            yield number, {key: _named(features.get(key), value) for key, value in row.items()}
    except (OSError, ValueError) as error:
        raise bad(path, 0, f"not Parquet: {error}") from error


def _schema(path: Path) -> Record:
    """Return the columns of a Parquet file; a mapping for a column that has parts."""
    import pyarrow as pa
    from pyarrow.parquet import read_schema

    def shape(fields: Iterable[Any]) -> Record:
        return {
            field.name: shape(field.type) if pa.types.is_struct(field.type) else None
            for field in fields
        }

    try:
        return shape(read_schema(path))
    except (OSError, ValueError) as error:
        raise bad(path, 0, f"not Parquet: {error}") from error


def _named(feature: Any, value: Any) -> Any:
    """Return a class's name for its number, also within lists; -1 stays, as it marks no label."""
    if isinstance(value, list):
        return [_named(getattr(feature, "feature", None), item) for item in value]
    if isinstance(value, int) and value >= 0 and hasattr(feature, "int2str"):
        return feature.int2str(value)
    return value


def value_of(path: Path, number: int, record: Record, key: str) -> Any:
    """Return a field of a record; `question.stem` is the field `stem` of the field `question`.

    Raises:
        MissingDataError: the field is missing.
    """
    value = _look(record, key)
    if value is _NOTHING:
        keys = ", ".join(sorted(record)) or "nothing"
        raise bad(path, number, f"no `{key}`", f"the record has {keys}")
    return value


def has_field(record: Record, key: str) -> bool:
    """Whether a record has a field, see `value_of`."""
    return _look(record, key) is not _NOTHING


def _look(record: Record, key: str) -> Any:
    value: Any = record
    for name in key.split("."):
        if not isinstance(value, dict) or name not in value:
            return _NOTHING
        value = value[name]
    return value


def text_field(path: Path, number: int, record: Record, key: str) -> str:
    """Return a text of a record.

    Raises:
        MissingDataError: the key is missing or its value is not a text.
    """
    value = value_of(path, number, record, key)
    if not isinstance(value, str):
        raise bad(path, number, f"`{key}` is not a text, but {value!r:.60}")
    return value


def name_of(found: Found, index: int, record: Record) -> str:
    """Return the id of an example: the fields that the layout names as `id`, else its number.

    Args:
        index: number of the record among all, from 0.

    Raises:
        MissingDataError: examples of several languages are matched by ids, and it has none.
    """
    columns = found.layout.columns.get("id", ())
    fields = columns if isinstance(columns, tuple) else (columns,)
    values = [record.get(str(field)) for field in fields]
    if not values or any(value in (None, "") for value in values):
        if values and found.task.parallel == "id":
            told = f"record {index + 1} has no `{' '.join(map(str, fields))}`"
            raise bad(found.files["data"], 0, told, "translations are matched by their ids")
        return str(index)
    return " ".join(str(value) for value in values)
