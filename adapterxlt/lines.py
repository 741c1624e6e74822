"""Defines lines for all text files that are read or written.

A line ends at a line feed; a carriage return right before it, or at the end of the file, belongs
to the end. Whatever else Unicode or another program takes for a line break is part of the text
when it is read: carriage returns, vertical tabs, form feeds, file, group and record separators,
U+0085, U+2028, U+2029. `str.splitlines` and files opened for text without `newline` would cut
there.

Into files of lines each of them is written as a space, and so is a tab: whoever reads such a file
(pandas, csv, awk, wc) then finds the same rows and columns.
"""

from __future__ import annotations

BREAKS = "\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"
_AS_SPACES = dict.fromkeys(map(ord, BREAKS), " ")


def split_lines(text: str) -> list[str]:
    """The lines of a text without their ends; a missing last end is tolerated."""
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return [line.removesuffix("\r") for line in lines]


def ends_in_returns_only(text: str) -> bool:
    """Whether the lines of a file seem to end in carriage returns, which do not end lines here."""
    return "\n" not in text and "\r" in text.rstrip("\r")


def on_one_line(text: str) -> str:
    """The text as a field of a file of lines."""
    return text.translate(_AS_SPACES)
