"""Reads files of inputs: JSON lines, tables with a header, plain lines, CoNLL columns, or stdin.

Files are read line by line, so they may be of any length. A wrong line is reported as wrong, and
the next line is read.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

from adapterxlt.applying.columns import Columns
from adapterxlt.applying.inputs import example_of
from adapterxlt.applying.quoting import quoting_of
from adapterxlt.errors import MissingDataError, UsageError
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.given import WrongPartsError, shown, text_of
from adapterxlt.kinds.registry import get_kind
from adapterxlt.show import number_of
from adapterxlt.store.compressed import DAMAGE, opened, plain_name
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.conllu import FORM, is_conllu, is_no_word
from adapterxlt.tasks.readers.tables import DELIMITERS, check_header, rows_of
from adapterxlt.tasks.reading import bad, check_file, refuse_returns, unreadable

STDIN = Path("-")
FORMATS = ("jsonl", "csv", "tsv", "lines", "conll")
_SUFFIXES = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "tsv", ".txt": "lines"}
_SUFFIXES |= dict.fromkeys((".conll", ".conllu", ".iob", ".iob2", ".bio"), "conll")
_SPREADSHEETS = (".xlsx", ".xls", ".ods")
_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # how `surrogateescape` decodes wrong bytes
_BLANKS = re.compile(r"[ \t]+")


@dataclass(frozen=True)
class Record:
    """One input of a file.

    Args:
        line: its first line, number_of from 1.
        name: its id: the one in the file, or else the number of the input, number_of from 0.
        example: the example to predict; None if the input is wrong.
        problem: what is wrong with it; "" if nothing is.
    """

    line: int
    name: str
    example: Example | None
    problem: str = ""


def format_of(path: Path, stated: str | None) -> str:
    """The format of a file: the stated one, or else that of its suffix.

    Stdin holds JSON lines if it begins with a brace, else plain lines.

    Raises:
        UsageError: the suffix is unknown, or the path is a folder.
    """
    if stated is not None:
        return stated
    if path == STDIN:
        peek = getattr(sys.stdin.buffer, "peek", None)
        return "jsonl" if peek is not None and peek(1).lstrip()[:1] == b"{" else "lines"
    if path.is_dir():
        raise UsageError(f"{path}: is a folder", hint="give a file of inputs")
    suffix = plain_name(path).suffix.lower()
    if suffix not in _SUFFIXES:
        table = "save the table as CSV, or " if suffix in _SPREADSHEETS else ""
        raise UsageError(
            f"{path}: its name does not tell its format",
            hint=f"{table}give --format: {', '.join(FORMATS)}",
        )
    return _SUFFIXES[suffix]


def read_records(path: Path, written: str, task: Task) -> Iterator[Record]:
    """The inputs of a file, in order.

    Args:
        path: the file, `-` for stdin; compressed ones are unpacked.
        written: one of `FORMATS`.
        task: the task to predict; its entry, or else its kind, names the columns.

    Raises:
        UsageError: files of this format cannot have inputs of the task.
        MissingDataError: it cannot be read, is empty, or lacks a column.
    """
    kind = get_kind(task.kind)
    if written == "conll" and not kind.of_words:
        raise UsageError(
            f"{path}: words in columns are read for tagging, but `{task.name}` is {kind.words}",
            hint="give --format: jsonl, csv, tsv or lines",
        )
    columns = Columns(task)
    readers: dict[str, Callable[[Iterator[str]], Iterator[_Raw]]] = {
        "jsonl": lambda lines: _json_lines(lines, columns),
        "csv": lambda lines: _table(lines, "csv", task, columns, path),
        "tsv": lambda lines: _table(lines, "tsv", task, columns, path),
        "lines": lambda lines: _plain(lines, columns),
        "conll": _sentences,
    }
    if path != STDIN:
        check_file(path)
    number = 0
    with ExitStack() as stack:
        stream = sys.stdin.buffer if path == STDIN else stack.enter_context(opened(path))
        for number, raw in enumerate(readers[written](_lines(stream, path)), start=1):
            yield _record(raw, number - 1, task.kind)
    if not number:
        raise bad(path, 0, "does not contain any inputs")


@dataclass(frozen=True)
class _Raw:
    line: int
    value: Any
    text: str  # the whole input as it is in the file
    problem: str = ""


def _record(raw: _Raw, number: int, kind: str) -> Record:
    said = raw.value.get("id") if isinstance(raw.value, dict) else None
    name = str(number)
    if _NOT_UTF8.search(raw.text):
        return Record(raw.line, name, None, "is not UTF-8; save the file as UTF-8")
    try:
        if said not in (None, ""):
            name = text_of(str(said), "`id`")  # it is written beside the answer
        if raw.problem:
            return Record(raw.line, name, None, raw.problem)
        return Record(raw.line, name, example_of(raw.value, kind, name))
    except WrongPartsError as error:
        return Record(raw.line, name, None, _told(raw.value, error.names))
    except ValueError as error:
        return Record(raw.line, name, None, str(error))


def _told(value: object, names: Sequence[str]) -> str:
    """What is wrong with a line that does not have the parts that it should have."""
    if isinstance(value, str | tuple):  # a plain line
        count = 1 if isinstance(value, str) else len(value)
        wanted = f"{len(names)} texts separated by tabs ({', '.join(names)})"
        return f"must have {wanted}, but has {count}"
    keys = " and ".join(f"`{name}`" for name in names)
    return f"must be a JSON object with the keys {keys}, or a list of both, not {shown(value)}"


def _lines(stream: IO[bytes], path: Path) -> Iterator[str]:
    """Lines with their ends; bytes that are not UTF-8 become characters that `_NOT_UTF8` finds."""
    number = 0
    try:
        for number, line in enumerate(stream, start=1):
            if number == 1:
                if line.startswith((b"\xff\xfe", b"\xfe\xff")):
                    raise bad(path, 1, "is UTF-16", "save the file as UTF-8")
                line = line.removeprefix(b"\xef\xbb\xbf")
            text = line.decode("utf-8", "surrogateescape")
            if number == 1:
                refuse_returns(path, text)
            yield text
    except MissingDataError:
        raise
    except DAMAGE as error:
        raise unreadable(path, number, error) from error


def _json_lines(lines: Iterator[str], columns: Columns) -> Iterator[_Raw]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            told = error.msg if isinstance(error, json.JSONDecodeError) else "nested too deeply"
            yield _Raw(number, None, line, f"is not JSON: {told}")
            continue
        if columns.single and not isinstance(found, str | dict):
            told = f"must be a text, or a JSON object with the key `text`, not {shown(found)}"
            yield _Raw(number, None, line, told)
            continue
        yield _Raw(number, columns.fields(found) if isinstance(found, dict) else found, line)


def _table(
    lines: Iterator[str], written: str, task: Task, columns: Columns, path: Path
) -> Iterator[_Raw]:
    """Rows below a header, read as the task's own reader reads them.

    Raises:
        MissingDataError: the header lacks a column, or several lines together are not a row. It is
            then not known which of them are rows, so they cannot be left out one by one.
    """
    start = next(lines, "")
    names: list[str] | None = None
    quoting = quoting_of(task, written, start)
    for row in rows_of(chain([start], lines), DELIMITERS[written], quoting):
        told = f"is not {written.upper()}: {row.problem}" if row.problem else ""
        if names is not None and not told and len(row.cells) != len(names):
            told = f"has {number_of(len(row.cells), 'column')}, but the header has {len(names)}"
        if told and (names is None or row.last > row.first):
            hint = "a quote may not be closed; in a quoted field, write quotes twice"
            raise bad(path, row.first, told, hint)
        if told:
            yield _Raw(row.first, None, "".join(row.cells), told)
        elif names is None:
            names = row.cells
            check_header(path, row.first, names)
            columns.check(names, path)
        else:
            found = columns.cells(dict(zip(names, row.cells, strict=True)))
            yield _Raw(row.first, found, "".join(row.cells))


def _plain(lines: Iterator[str], columns: Columns) -> Iterator[_Raw]:
    for number, line in enumerate(lines, start=1):
        text = line.removesuffix("\n").removesuffix("\r")
        blank = "" if text.strip() else "is blank"
        yield _Raw(number, None if blank else columns.parts(text), text, blank)


def _sentences(lines: Iterator[str]) -> Iterator[_Raw]:
    """Words, one per line, up to a blank line: the first column, or the second of CoNLL-U."""
    words: list[str] = []
    start, texts = 0, list[str]()
    for number, line in enumerate(lines, start=1):
        text = line.rstrip("\r\n")
        if not text.strip(" \t"):
            if words:
                yield _Raw(start, words, "".join(texts))
            words, texts = [], []
            continue
        row = text.split("\t") if "\t" in text else _BLANKS.split(text.strip(" "))
        if text.startswith("-DOCSTART-") or (not words and re.match(r"#\s*\S.*", text) and row[1:]):
            continue  # the mark of a document, or a comment above a sentence
        if not words:
            start = number
        if is_no_word(row):
            continue
        words.append(row[FORM if is_conllu(row) else 0])
        texts.append(text)
    if words:
        yield _Raw(start, words, "".join(texts))
