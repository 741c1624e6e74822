"""Reading text files line by line, with errors that name file and line."""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from pathlib import Path
from typing import Any

from adapterxlt.errors import MissingDataError
from adapterxlt.lines import ends_in_returns_only, split_lines
from adapterxlt.store.compressed import DAMAGE, opened

_BLOCK = 1 << 20
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")  # half of a surrogate pair, escaped
# A file that unpacks to more bytes and more times its size than this is refused, as no real text
# is packed so tightly.
UNPACKED = 256 << 20
UNPACKED_TIMES = 50


def bad(path: Path, line: int, message: str, hint: str | None = None) -> MissingDataError:
    """Make the error for a problem in line `line` (1-based; 0: the whole file) of a file."""
    place = f"{path}:{line}" if line else str(path)
    return MissingDataError(f"{place}: {message}", hint=hint)


def check_file(path: Path) -> None:
    """Refuse a file that cannot be read, before any work; a pipe is not read yet.

    Raises:
        MissingDataError: the file is missing, is a folder, or may not be read.
    """
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except OSError as error:
        raise unreadable(path, 0, error) from error
    if is_folder:
        raise bad(path, 0, "cannot be read: it is a folder")
    if not os.access(path, os.R_OK):
        raise bad(path, 0, f"cannot be read: {os.strerror(errno.EACCES)}")


def read_text(path: Path) -> str:
    """Read a file's text, UTF-8 with or without a byte order mark; compressed files are unpacked.

    Raises:
        MissingDataError: the file is unreadable, damaged, blank, not UTF-8, or has NUL bytes.
    """
    raw = _read(path)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from the byte after the byte order mark.
        start = error.start + len(raw) - len(error.object)
        line = raw.count(b"\n", 0, start) + 1
        raise bad(
            path, line, f"not UTF-8: byte 0x{raw[start]:02x} at offset {start}", encoding_hint(raw)
        ) from error
    if not text.strip():
        raise bad(path, 0, "the file has only blank lines" if text else "the file is empty")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise bad(
            path, line, "contains a NUL character", "the file may be UTF-16; re-encode it as UTF-8"
        )
    return text


def read_lines(path: Path) -> list[str]:
    """Read the file's lines without their line breaks, see `adapterxlt.lines`."""
    text = read_text(path)
    refuse_returns(path, text)
    return split_lines(text)


def refuse_returns(path: Path, text: str) -> None:
    """Refuse a file whose lines end in carriage returns only."""
    if ends_in_returns_only(text):
        raise bad(path, 0, "its lines end in carriage returns", "end the lines in line feeds")


def encoding_hint(start: bytes) -> str:
    """Return what to do about a file that is not UTF-8, judged by its first bytes."""
    is_utf16 = start.startswith((b"\xff\xfe", b"\xfe\xff"))
    return ("it is UTF-16: " if is_utf16 else "") + "re-encode it as UTF-8"


def unreadable(path: Path, lines: int, error: Exception) -> MissingDataError:
    """Make the error for a file that cannot be read, or only up to a number of lines."""
    reason = getattr(error, "strerror", None) or str(error)
    return bad(path, 0, f"cannot be read{f' after line {lines}' if lines else ''}: {reason}")


def _read(path: Path) -> bytes:
    raw = bytearray()
    try:
        with opened(path) as stream:
            while block := stream.read(_BLOCK):
                raw += block
                if len(raw) > UNPACKED and len(raw) > UNPACKED_TIMES * path.stat().st_size:
                    limit = f"more than {UNPACKED >> 20} MiB and {UNPACKED_TIMES} times its size"
                    raise bad(path, 0, f"holds {limit} when it is unpacked", "unpack it first")
    except DAMAGE as error:
        raise unreadable(path, raw.count(b"\n"), error) from error
    return bytes(raw)


def parse_json(path: Path, text: str, line: int = 0) -> Any:
    """Parse JSON: a whole file, or one line of it with number `line`."""
    try:
        found = json.loads(text)
        if _SURROGATE.search(text):
            json.dumps(found, ensure_ascii=False).encode("utf-8")
        return found
    except json.JSONDecodeError as error:
        message = f"not JSON: {error.msg} (column {error.colno})"
        unterminated = error.msg.startswith("Unterminated")
        cut = unterminated or error.pos >= len(text.rstrip())
        raise bad(
            path, line or error.lineno, message, "it may be cut off" if cut else None
        ) from error
    except RecursionError as error:
        raise bad(path, line, "not JSON of any known kind: nested too deeply") from error
    except UnicodeEncodeError as error:
        half = f"U+{ord(error.object[error.start]):04X}"
        raise bad(
            path,
            line,
            f"a text holds {half}, which is half of a character and cannot be encoded",
            "the text was probably cut there; remove this half, or add the other one",
        ) from error
    except ValueError as error:  # Python's limit on the digits of a number
        raise bad(path, line, f"not JSON of any known kind: {error}") from error


def not_squad(path: Path, error: Exception, where: str = "") -> MissingDataError:
    """Make the error for a document that is not in SQuAD's schema.

    Args:
        error: the error that reading it raised.
        where: the place in the file, in words.
    """
    match error:
        case KeyError():
            what = f"no `{error.args[0]}`"
        case ValueError():
            what = "an `answer_start` that is not a number"
        case _:
            what = "a list or a text where an object belongs, or the reverse"
    return bad(
        path,
        0,
        f"not in the SQuAD format: {what}{where and f' {where}'}",
        'expected: {"data": [{"paragraphs": [{"context": ..., "qas": [{"id": ..., "question": ..., '
        '"answers": [{"text": ..., "answer_start": ...}]}]}]}]}',
    )
