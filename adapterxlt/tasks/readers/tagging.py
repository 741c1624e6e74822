"""Tagged sentences: `word TAB tag` lines, a blank line between sentences (UDPOS, PAN-X)."""

from __future__ import annotations

from collections.abc import Iterator

from adapterxlt.tasks.files import bad, read_lines
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.readers.labels import LabelIndex
from adapterxlt.tasks.types import TaggingExample


def read_tagging_tsv(found: Found) -> Iterator[TaggingExample]:
    """Sentences of a tagged file, or of a test file that has words only.

    The last sentence needs no blank line after it, and several blank lines count as one. Words
    may hold spaces. A prefix (WikiANN's `de:`) is dropped only if every word has it.

    Raises:
        MissingDataError: a line without word or tag, with more columns, or with an unknown tag.
    """
    path = found.files["data"]
    lines = read_lines(path)
    labels = LabelIndex(found)
    prefix = found.layout.word_prefix.replace("{lang}", found.language)
    if not prefix or not all(line.startswith(prefix) for line in lines if _is_word(line)):
        prefix = ""
    # Published test files have no tags: then no line may have one.
    blanked = found.split == "test" and not any("\t" in line.rstrip("\t") for line in lines)
    words: list[str] = []
    tags: list[int] = []
    index = 0
    for number, line in enumerate([*lines, ""], start=1):
        if _is_word(line):
            word, *rest = line.rstrip("\t").split("\t") if blanked else line.split("\t")
            word = word[len(prefix) :]
            if not word.strip(" "):
                raise bad(path, number, "a tag without a word")
            if not blanked:
                if not rest or not rest[0]:
                    raise bad(path, number, f"no tag for `{word}`", "expected: word, tab, tag")
                if len(rest) > 1:
                    raise bad(path, number, f"{len(rest) + 1} tab-separated columns, 2 expected")
                tags.append(labels.of(rest[0], number))
            words.append(word)
        elif words:
            yield TaggingExample(str(index), tuple(words), None if blanked else tuple(tags))
            index += 1
            words, tags = [], []


def _is_word(line: str) -> bool:
    """Spaces and tabs alone separate sentences; other white space (U+3000, ...) can be a word."""
    return bool(line.strip(" \t"))
