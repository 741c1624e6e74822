"""Reads tagged sentences in columns, as in the CoNLL shared tasks.

Each line has one word, and a blank line follows each sentence. The entry gives the columns of the
word and its tag: numbers from 0, or from -1 for the rightmost one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.show import number_of
from adapterxlt.tasks.conllu import is_no_word
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.readers.labels import LabelIndex
from adapterxlt.tasks.readers.tagging import DOCSTART, as_iob2
from adapterxlt.tasks.reading import bad
from adapterxlt.tasks.streams import stream_lines

_BLANKS = re.compile(r"[ \t]+")
_Sentence = tuple[tuple[str, ...], tuple[int, ...] | None, str | None]


def read_conll(found: Found) -> Iterator[TaggingExample]:
    """Read the sentences; those of a test file may lack their tags.

    Columns are separated by blanks, or by the layout's `separator`. Before the first word of a
    sentence, lines that begin with the layout's `comments` are left out. Marks of a new document
    (`-DOCSTART-`) are not words, and neither are CoNLL-U's rows for several words (`3-4`).

    Raises:
        MissingDataError: a line lacks a word or a tag, or a tag is unknown.
    """
    return as_iob2(found, _sentences(found))


def _sentences(found: Found) -> Iterator[_Sentence]:
    path, layout = found.files["data"], found.layout
    stated = layout.separator if "separator" in layout.model_fields_set else None
    token, tag = (int(str(layout.columns.get(key, at))) for key, at in (("token", 0), ("tag", -1)))
    labels = LabelIndex(found)
    words: list[str] = []
    tags: list[int] = []
    last = 0
    for number, line in stream_lines(path):
        last = number
        text = line.rstrip("\r\n")
        if not text.strip(" \t"):
            if words:
                yield _sentence(found, words, tags, number)
                words, tags = [], []
            continue
        if text.startswith(DOCSTART) or (
            layout.comments and not words and text.startswith(layout.comments)
        ):
            continue
        row = text.split(stated) if stated else _BLANKS.split(text.strip(" \t"))
        if is_no_word(row):
            continue
        if not -len(row) <= token < len(row) or not row[token].strip():
            raise bad(path, number, "the word is missing", _only(len(row)))
        words.append(row[token])
        at = tag if tag >= 0 else len(row) + tag
        if 0 <= at < len(row) and at != token % len(row):
            tags.append(labels.of(row[at], number))
        elif found.split != "test" or tags:
            raise bad(path, number, f"`{row[token]}` has no tag", _expected(len(row), tag))
    if words:
        yield _sentence(found, words, tags, last)


def _sentence(found: Found, words: list[str], tags: list[int], line: int) -> _Sentence:
    if tags and len(tags) != len(words):
        raise bad(found.files["data"], line, "some words of the sentence before have no tag")
    return tuple(words), tuple(tags) if tags else None, None


def _expected(columns: int, tag: int) -> str:
    return f"{_only(columns)}, the tag is in number {tag}"


def _only(columns: int) -> str:
    return f"the line has only {number_of(columns, 'column')}"
