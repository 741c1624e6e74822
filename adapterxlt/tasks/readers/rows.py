"""Rows of tab-separated files."""

from __future__ import annotations

import re

# A field as Python's csv.writer writes it: quoted with inner quotes doubled, or without quotes.
_FIELD = re.compile(r'(?:"([^"]*(?:""[^"]*)*)"|([^"\t]*))(\t|\Z)')


def split_row(line: str, columns: range) -> list[str]:
    """Split one line at its tabs, undoing the quoting of csv.writer where it was used.

    XTREME's scripts write with csv.writer, which quotes fields that hold quotes; other files are
    plain. A line is taken as csv only if csv.writer could have written it (every quoted field
    needs its quotes) and it then has a fitting number of columns: `"Hello"` in quotes stays as
    it is, and a quote that is never closed cannot swallow the following lines.

    Args:
        line: the line without its line break.
        columns: the numbers of columns that are allowed.
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
