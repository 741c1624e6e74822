"""Reads files of any length, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adapterxlt.store.compressed import DAMAGE, opened
from adapterxlt.tasks.reading import bad, encoding_hint, refuse_returns, unreadable

_BLOCK = 1 << 20
LONGEST = 64 << 20  # bytes of a line; only a maliciously packed file has longer ones
_BOM = b"\xef\xbb\xbf"


def stream_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number (from 1) and text of every line with its line break.

    Files are UTF-8 with or without a byte order mark; compressed ones are unpacked. For what ends a
    line see `adapterxlt.lines`.

    Raises:
        MissingDataError: the file is unreadable, damaged, empty or not UTF-8, has NUL characters
            or a line that is too long, or its lines end in carriage returns only.
    """
    number, blank = 0, True
    for number, raw in enumerate(_raw_lines(path), start=1):
        content = raw.removeprefix(_BOM) if number == 1 else raw
        try:
            line = content.decode("utf-8")
        except UnicodeDecodeError as error:
            byte = f"byte 0x{content[error.start]:02x} at offset {error.start} of the line"
            raise bad(path, number, f"not UTF-8: {byte}", encoding_hint(raw)) from error
        if "\0" in line:
            hint = "the file may be UTF-16; re-encode it as UTF-8"
            raise bad(path, number, "contains a NUL character", hint)
        if number == 1:
            refuse_returns(path, line)
        blank = blank and not line.strip()
        yield number, line
    if blank:
        raise bad(path, 0, "the file is empty")


def _raw_lines(path: Path) -> Iterator[bytes]:
    rest, lines = b"", 0
    try:
        with opened(path) as stream:
            while block := stream.read(_BLOCK):
                *whole, rest = (rest + block).split(b"\n")
                for line in whole:
                    lines += 1
                    yield line + b"\n"
                if len(rest) > LONGEST:
                    raise bad(path, lines + 1, f"is longer than {LONGEST >> 20} MiB")
    except DAMAGE as error:
        raise unreadable(path, lines, error) from error
    if rest:
        yield rest
