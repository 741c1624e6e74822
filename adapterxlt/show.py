"""Text as a terminal or a page shows it."""

from __future__ import annotations

import re

# What could steer a terminal: control characters and those that turn the writing direction.
# Half a surrogate pair cannot be printed at all.
_STEERS = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_IN_TEXT = re.compile(f"[{_STEERS}]")
_IN_LINE = re.compile(f"[\t\n{_STEERS}]")


def printable(value: object, *, lines: bool = False) -> str:
    """Text with `?` for what could steer a terminal: files and artifacts say what they like.

    Args:
        lines: keep line ends and tabs.
    """
    return (_IN_TEXT if lines else _IN_LINE).sub("?", str(value))


def brief(value: object) -> str:
    """Return untrusted text for a message: on one line, at most 80 characters."""
    return printable(str(value)[:80])


def printable_json(text: str) -> str:
    """A JSON document with `\\uXXXX` for what could steer a terminal; it means the same."""
    return _IN_TEXT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def number_of(count: int, noun: str) -> str:
    """`1 file`, `3 files`: a number and its noun, whose plural ends in s."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def size_text(size: int) -> str:
    """`812 B`, `3.4 MB`: bytes in decimal units."""
    number = float(size)
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"
