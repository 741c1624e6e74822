"""Guesses the format, kind, columns and labels of files of examples."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from adapterxlt.errors import MissingDataError, UsageError
from adapterxlt.languages import parse_tag
from adapterxlt.store.compressed import plain_name
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.guess_columns import columns_of
from adapterxlt.tasks.guess_conll import guess_conll
from adapterxlt.tasks.guessed import Content, named
from adapterxlt.tasks.layout import Layout
from adapterxlt.tasks.readers.records import Record, records_of
from adapterxlt.tasks.reading import bad, parse_json, read_text
from adapterxlt.tasks.streams import stream_lines

_LOOKED_AT = 200  # lines at the start of a file that decide its format
_SUFFIXES = {f".{name}": name for name in ("csv", "tsv", "jsonl", "parquet")} | {".ndjson": "jsonl"}
_LANGUAGE = ("language", "lang", "locale", "language_code", "lang_code")
_ANSWERS = ("label", "value", "tags")  # fields that a test file may lack


def look_into(files: Sequence[Path]) -> Content:
    """Find out what the files contain, taken together.

    Raises:
        UsageError: they have several formats, or nothing can be guessed about them.
        MissingDataError: a file cannot be read.
    """
    formats = {file: _format(file) for file in files}
    if len(set(formats.values())) > 1:
        told = ", ".join(f"{file.name} is {found}" for file, found in formats.items())
        raise UsageError(
            f"the files have several formats: {told}",
            hint="describe the files of one format at a time",
        )
    (written,) = set(formats.values())
    if written == "conll":
        return guess_conll(files)
    if written == "squad":
        return Content(
            "squad", "span_qa", rows=len(files), called="JSON file", written=" in the SQuAD format"
        )
    if written == "lines":
        rows = sum(1 for file in files for _, line in stream_lines(file) if line.strip())
        note = "texts only, for masked language modelling"
        return Content("lines", "mlm", rows=rows, called="line", notes=(note,))
    return _table(files, written)


def _format(file: Path) -> str:
    suffix = plain_name(file).suffix.lower()
    if suffix in _SUFFIXES and _SUFFIXES[suffix] != "tsv":
        return _SUFFIXES[suffix]
    if suffix == ".json":
        return _format_of_json(file)
    lines = [line.rstrip("\r\n") for _, line in islice(stream_lines(file), _LOOKED_AT)]
    full = [line for line in lines if line.strip() and not line.startswith("# ")]
    if all(line.startswith("{") for line in full):
        return "jsonl"
    blocks = any(not line.strip() for line in lines[:-1])
    columns = {len(line.split("\t")) for line in full} or {1}
    spaced = {len(line.split()) for line in full} or {1}
    if blocks and (min(columns) > 1 or len(spaced - {1}) <= 1):
        return "conll"
    return "tsv" if suffix == ".tsv" or len(columns) == 1 < max(columns) else "lines"


def _format_of_json(file: Path) -> str:
    """`squad` or `jsonl`: files of both kinds are called `.json`."""
    full = [line for _, line in islice(stream_lines(file), _LOOKED_AT) if line.strip()]
    if len(full) > 1 and all(line.lstrip().startswith("{") for line in full):
        return "jsonl"
    found = parse_json(file, read_text(file))
    if isinstance(found, dict) and "data" in found:
        return "squad"
    called = "a JSON object, but not in the SQuAD format" if isinstance(found, dict) else "one list"
    raise bad(file, 0, f"is {called}", "write records as JSON Lines, one object a line")


def _table(files: Sequence[Path], written: str) -> Content:
    quoting = _quoting(files, written) if written in ("csv", "tsv") else None
    keys: dict[str, Any] = {} if quoting in (None, "csv") else {"quoting": quoting}
    values: dict[str, list[Any]] = {}
    columns_in: dict[Path, dict[str, None]] = {file: {} for file in files}
    for file in files:
        for _, record in _records(file, written, quoting):
            columns_in[file] |= dict.fromkeys(record)
            for key, value in record.items():
                values.setdefault(key, []).append(value)
    rows = max(map(len, values.values()), default=0)
    if not rows:
        raise UsageError(f"{files[0]}: does not hold any records")
    languages: tuple[str, ...] = ()
    about_language: list[str] = []
    if column := named(values, _LANGUAGE):
        spoken = values.pop(column)
        if wrong := _no_code(files, written, quoting, column):
            about_language = [f"the column `{column}` is not used for the language: {wrong}"]
        else:
            keys["language_column"] = column
            languages = tuple(dict.fromkeys(spoken))
    kind, columns, labels, notes = columns_of(values, files[0])
    named_ones = [
        name
        for field, names in columns.items()
        if field not in _ANSWERS
        for name in (names if isinstance(names, list) else [names])
    ]
    _check_named(columns_in, named_ones)
    notes += about_language
    return Content(
        written, kind, {"columns": columns, **keys}, labels, languages, rows, notes=tuple(notes)
    )


def _no_code(files: Sequence[Path], written: str, quoting: str | None, column: str) -> str:
    """Say where a column does not hold the code of a language; "" if it always does."""
    for file in files:
        for number, record in _records(file, written, quoting):
            value = record.get(column)
            if isinstance(value, str) and parse_tag(value):
                continue
            told = "it is empty" if value in (None, "") else f"`{value!s:.40}` is not a code"
            return f"{file}:{number}: {told}; write a code such as `en` in every row"
    return ""


def _check_named(named: Mapping[Path, Collection[str]], columns: Sequence[str]) -> None:
    """Whether all files have the columns of the input; test files may lack the answers."""
    for column in columns:
        with_it = [file for file, names in named.items() if column in names]
        for file, names in named.items():
            if column not in names:
                raise bad(
                    file,
                    0,
                    f"does not have the column `{column}`, which {with_it[0].name} has",
                    f"its columns are {', '.join(names)}; describe files of other columns alone",
                )


def _records(file: Path, written: str, quoting: str | None) -> Iterator[tuple[int, Record]]:
    layout = Layout.model_validate(
        {"name": "-", "format": written, "files": {}, "quoting": quoting or "csv"}
    )
    about: dict[str, Any] = {"name": "-", "iso3": {}, "language_names": {}}
    task = Task.model_construct(**about)
    return records_of(Found(task, "-", "train", layout, {"data": file}))


def _quoting(files: Sequence[Path], written: str) -> str:
    """Guess the quoting of tables that contain quotes: quotes enclose fields if all files fit."""
    try:
        for file in files:
            for _ in _records(file, written, "csv"):
                pass
    except MissingDataError:
        for file in files:
            for _ in _records(file, written, "none"):
                pass
        return "none"
    return "csv"
