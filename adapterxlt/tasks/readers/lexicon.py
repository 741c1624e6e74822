"""Reads lexicons: a word and its translation per line (GATITOS, MUSE), or a JSON list of pairs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.lines import split_lines
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.reading import bad, parse_json, read_text, refuse_returns

_ENGLISH = ("en", "eng", "english")
_PAIR = '["water", "maji"] or {"english": "water", "swahili": "maji"}'


def read_lexicon_file(found: Found) -> Bitext:
    """Read the pairs of a lexicon in file order; a word has a pair for each of its translations.

    Lines have two columns separated by a tab; in a file without tabs, two words separated by a
    blank. JSON holds a list of pairs, or a list of mappings with two texts. One of these texts may
    have the key `english`.

    Raises:
        MissingDataError: a line or pair is malformed, or there is none.
    """
    path = found.files["data"]
    text = read_text(path)
    place = found.layout.columns.get("target", 0)
    if text.lstrip()[:1] == "[":
        pairs = list(_of_json(path, text, int(place == 1)))
    else:
        refuse_returns(path, text)
        pairs = list(_of_lines(path, split_lines(text), int(place == 1)))
    if not pairs:
        raise bad(path, 0, "the file does not contain any entries")
    target, source = zip(*pairs, strict=True)
    return Bitext(found.language, tuple(source), tuple(target))


def _of_lines(path: Path, lines: list[str], english: int) -> Iterator[tuple[str, str]]:
    """Yield each pair with the English side (column `english`) first."""
    between = "\t" if any("\t" in line for line in lines) else None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        columns = [column.strip() for column in line.split(between)]
        if len(columns) != 2 or not all(columns):
            what = "tab" if between else "blank"
            raise bad(path, number, f"expected a word and its translation, separated by one {what}")
        yield columns[english], columns[1 - english]


def _of_json(path: Path, text: str, english: int) -> Iterator[tuple[str, str]]:
    for number, item in enumerate(parse_json(path, text), start=1):
        sides, place = _sides(item, english)
        if len(sides) != 2 or not all(isinstance(side, str) and side.strip() for side in sides):
            raise bad(path, 0, f"item {number} is not a pair of texts", f"write {_PAIR}")
        yield sides[place].strip(), sides[1 - place].strip()


def _sides(item: Any, english: int) -> tuple[list[Any], int]:
    """Return both sides of a pair, and the number of the English one."""
    if not isinstance(item, dict):
        return (item if isinstance(item, list) else []), english
    named = [place for place, key in enumerate(item) if key.casefold() in _ENGLISH]
    return list(item.values()), named[0] if len(named) == 1 else english
