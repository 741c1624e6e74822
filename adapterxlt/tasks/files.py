"""Reading text files line by line, with errors that name file and line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from adapterxlt.errors import MissingDataError


def bad(path: Path, line: int, message: str, hint: str | None = None) -> MissingDataError:
    """The error for something wrong in line `line` (1-based; 0: the whole file) of a file."""
    place = f"{path}:{line}" if line else str(path)
    return MissingDataError(f"{place}: {message}", hint=hint)


def read_text(path: Path) -> str:
    """The file's text, UTF-8 with or without a byte order mark.

    Raises:
        MissingDataError: unreadable, empty, not UTF-8, or with NUL bytes.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise bad(path, 0, f"cannot be read: {error.strerror}") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from behind the byte order mark.
        start = error.start + len(raw) - len(error.object)
        line = raw.count(b"\n", 0, start) + 1
        raise bad(
            path, line, f"not UTF-8: byte 0x{raw[start]:02x} at offset {start}", "re-encode it"
        ) from error
    if not text.strip():
        raise bad(path, 0, "the file is empty")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise bad(path, line, "NUL character", "is the file UTF-16? Re-encode it as UTF-8")
    return text


def read_lines(path: Path) -> list[str]:
    """The file's lines without their ends (LF or CRLF); a missing last end is tolerated.

    Only line feeds end a line: U+2028, U+0085, form feeds and so on are part of the text, which
    is why `str.splitlines` would be wrong here.
    """
    text = read_text(path)
    if "\n" not in text and "\r" in text.rstrip("\r"):
        raise bad(path, 0, "its lines end in carriage returns only", "end them in line feeds")
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return [line[:-1] if line.endswith("\r") else line for line in lines]


def parse_json(path: Path, text: str, line: int = 0) -> Any:
    """Parse JSON: a whole file, or the object in line `line` of one."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg} (column {error.colno})"
        unterminated = error.msg.startswith("Unterminated")
        cut = unterminated or error.pos >= len(text.rstrip())
        raise bad(path, line or error.lineno, message, "is it cut off?" if cut else None) from error
    except RecursionError as error:
        raise bad(path, line, "not JSON of any known kind: nested too deeply") from error


def not_squad(path: Path, error: Exception, where: str = "") -> MissingDataError:
    """The error for a document that is not what SQuAD's JSON is.

    Args:
        error: what came of reading it as such.
        where: the place in the file, in words.
    """
    match error:
        case KeyError():
            what = f"no `{error.args[0]}`"
        case ValueError():
            what = "an `answer_start` that is no number"
        case _:
            what = "a list or a text where an object belongs, or the reverse"
    return bad(
        path,
        0,
        f"not SQuAD's schema: {what}{where and f' {where}'}",
        'expected: {"data": [{"paragraphs": [{"context": ..., "qas": [{"id": ..., "question": ..., '
        '"answers": [{"text": ..., "answer_start": ...}]}]}]}]}',
    )
