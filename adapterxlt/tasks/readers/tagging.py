"""Reads tagged sentences in three forms.

* Lines `word TAB tag` with a blank line between sentences (UDPOS, PAN-X; XGLUE with a space).
* One sentence per line (CCG).
* Records (the Hub).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.show import number_of
from adapterxlt.tasks.find import Found
from adapterxlt.tasks.readers.labels import DROP, LabelIndex, tell_dropped
from adapterxlt.tasks.readers.records import name_of, records_of, value_of
from adapterxlt.tasks.reading import bad, read_lines

log = logging.getLogger(__name__)

DOCSTART = "-DOCSTART-"  # CoNLL's mark of a new document in files with spaces; it is not a sentence
_CALLED = {"\t": "a tab", " ": "a space"}
PIECES_ROLE = "pieces"
_Sentence = tuple[tuple[str, ...], tuple[int, ...] | None, str | None]  # words, tags and id


def read_tagging_tsv(found: Found) -> Iterator[TaggingExample]:
    """Read the sentences of a tagged file, or of a test file that has only words.

    The last sentence needs no blank line after it, and several blank lines count as one. Words
    may contain spaces. A prefix (WikiANN's `de:`) is dropped if most words have it. XTREME's
    preprocessing cuts sentences at 128 subwords; its `.idx` file is used to join them again. It
    also gives every word of a test file the same tag; if the layout says so, these count as no
    tags. If the layout says so, chunks tagged as IOB1 (`I-PER` at their beginning, as in XGLUE's
    English training data) are retagged as IOB2, which has the same meaning.

    Raises:
        MissingDataError: a line lacks a word or a tag or has more columns, or a tag is unknown.
    """
    examples = list(as_iob2(found, _sentences(found)))
    used = {tag for example in examples for tag in example.tags or ()}
    if found.layout.blanked_when_constant and found.split == "test" and len(used) == 1:
        return iter([replace(example, tags=None) for example in examples])
    return iter(examples)


def as_iob2(found: Found, sentences: Iterator[_Sentence]) -> Iterator[TaggingExample]:
    """Yield the sentences as examples; chunks are retagged if the layout says they may be IOB1.

    Sentences with a word that the layout counts as unlabelled are skipped.
    """
    scheme = Iob1(found.task.labels)
    retagged = dropped = 0
    for index, (words, tags, name) in enumerate(sentences):
        if tags is not None and DROP in tags:
            dropped += 1
            continue
        if found.layout.iob1 and tags is not None:
            tags, changed = scheme.to_iob2(tags)
            retagged += changed
        yield TaggingExample(name or str(index), words, tags)
    tell_dropped(found, dropped)
    if retagged:
        path = found.files["data"]
        log.warning("%s: converted %d chunks from IOB1 to IOB2", path, retagged)


def _sentences(found: Found) -> Iterator[_Sentence]:
    """Yield the words and tags (None if there are none) of every sentence; it has no id."""
    path, separator = found.files["data"], found.layout.separator
    lines = read_lines(path)
    prefix = _word_prefix(found, lines)
    # Published test files have no tags. In such a file, no line may have one.
    blanked = found.split == "test" and not any(
        separator in line.rstrip(separator) for line in lines if _is_word(line)
    )
    pieces = _sentence_numbers(found, lines)
    labels = LabelIndex(found)
    words: list[str] = []
    tags: list[int] = []
    for number, line in enumerate([*lines, ""], start=1):
        if _is_word(line):
            if separator == " " and line.startswith(DOCSTART):
                continue
            word, *rest = [line.rstrip(separator)] if blanked else line.rsplit(separator, 1)
            word = word.removeprefix(prefix)
            if not word.strip(" "):
                raise bad(path, number, "a tag without a word")
            if "\t" in word:
                columns = line.count("\t") + 1
                raise bad(path, number, f"{columns} tab-separated columns, 2 expected")
            if not blanked:
                if not rest or not rest[0]:
                    expected = f"expected: a word, {_CALLED[separator]}, its tag"
                    raise bad(path, number, f"`{word}` has no tag", expected)
                tags.append(labels.of(rest[0], number))
            words.append(word)
        elif words and not _goes_on(pieces, number):
            yield tuple(words), None if blanked else tuple(tags), None
            words, tags = [], []


def _word_prefix(found: Found, lines: list[str]) -> str:
    """Return the prefix (`de:`) that most words of a file have, else "".

    Words without it are reported, because the file was probably made from two files.
    """
    prefix = found.layout.word_prefix.replace("{lang}", found.language)
    words = [(number, line) for number, line in enumerate(lines, start=1) if _is_word(line)]
    with_it = [number for number, line in words if prefix and line.startswith(prefix)]
    without = [number for number, line in words if not line.startswith(prefix)]
    path = found.files["data"]
    if not with_it or len(with_it) * 2 <= len(words):
        # `de:` alone may be a word.
        odd = [number for number in with_it if lines[number - 1].split("\t")[0] != prefix]
        if odd:
            log.warning(
                "%s:%d: `%s` begins with `%s`, as %d of %d words do: kept as they are",
                path, odd[0], _word_of(lines, odd[0]), prefix, len(odd), len(words),
            )  # fmt: skip
        return ""
    if without:
        log.warning(
            "%s:%d: `%s` lacks the prefix `%s`, which was dropped from the other words; so do %d "
            "of %d words: read as they are",
            path, without[0], _word_of(lines, without[0]), prefix, len(without), len(words),
        )  # fmt: skip
    return prefix


def _word_of(lines: list[str], number: int) -> str:
    return lines[number - 1].split("\t")[0][:60]


def read_tagging_lines(found: Found) -> Iterator[TaggingExample]:
    """Read one sentence per line: words, a tab, and as many tags (CCG supertagging).

    Words and tags are separated by spaces.

    Raises:
        MissingDataError: a line has no tags or not one tag per word, or a tag is unknown.
    """
    return as_iob2(found, _one_per_line(found))


def _one_per_line(found: Found) -> Iterator[_Sentence]:
    path, labels = found.files["data"], LabelIndex(found)
    for number, line in enumerate(read_lines(path), start=1):
        text, tab, names = line.partition("\t")
        words, tags = text.split(" "), names.split()
        if not tab and found.split != "test":
            raise bad(path, number, "no tags", "expected: words, tab, tags")
        if tab and len(words) != len(tags):
            raise bad(
                path, number, f"{number_of(len(words), 'word')}, but {number_of(len(tags), 'tag')}"
            )
        found_tags = tuple(labels.of(tag, number) for tag in tags) if tab else None
        yield tuple(words), found_tags, None


def read_tagging_records(found: Found) -> Iterator[TaggingExample]:
    """Read records with a list of words and a list of tags.

    Raises:
        MissingDataError: a record lacks a list, the lists differ in length, or a tag is unknown.
    """
    return as_iob2(found, _records(found))


def _records(found: Found) -> Iterator[_Sentence]:
    path, labels, columns = found.files["data"], LabelIndex(found), found.layout.columns
    for index, (number, record) in enumerate(records_of(found)):
        words = value_of(path, number, record, str(columns["words"]))
        tags = value_of(path, number, record, str(columns["tags"]))
        words, tags = (side.split() if isinstance(side, str) else side for side in (words, tags))
        if not isinstance(words, list) or not isinstance(tags, list):
            raise bad(path, number, "words and tags must be lists, or texts separated by spaces")
        if len(words) != len(tags):
            raise bad(
                path, number, f"{number_of(len(words), 'word')}, but {number_of(len(tags), 'tag')}"
            )
        found_tags = tuple(labels.of(str(tag), number) for tag in tags)
        yield tuple(map(str, words)), found_tags, name_of(found, index, record)


class Iob1:
    """Retags IOB1 as IOB2; other tags (parts of speech, IOB2) stay as they are.

    In IOB1 a chunk begins with `B-` only if it directly follows a chunk of its own type. In
    seqeval's lenient mode, the chunks are the same before and after.
    """

    def __init__(self, labels: Sequence[str]) -> None:
        index = {label: number for number, label in enumerate(labels)}
        # inside tag -> (the tags that may come before it, the tag that begins a chunk)
        self._inside = {
            number: ({number, index[f"B-{label[2:]}"]}, index[f"B-{label[2:]}"])
            for label, number in index.items()
            if label.startswith("I-") and f"B-{label[2:]}" in index
        }

    def to_iob2(self, tags: Sequence[int]) -> tuple[tuple[int, ...], int]:
        """Return the tags with `B-` at the beginning of every chunk, and the number of changes."""
        fixed: list[int] = []
        changed = 0
        for tag in tags:
            if tag in self._inside:
                before, begin = self._inside[tag]
                if not fixed or fixed[-1] not in before:
                    tag = begin
                    changed += 1
            fixed.append(tag)
        return tuple(fixed), changed


def _sentence_numbers(found: Found, lines: list[str]) -> list[str]:
    """Return the sentence of each line, if preprocessing has cut sentences into pieces."""
    path = found.files.get(PIECES_ROLE)
    if path is None:
        return []
    numbers = read_lines(path)
    if len(numbers) != len(lines):
        message = f"{len(numbers)} lines, but {found.files['data']} has {len(lines)}"
        raise bad(path, 0, message, "the files come from different runs of the preprocessing")
    return numbers


def _goes_on(pieces: list[str], line: int) -> bool:
    """Whether the sentence before a blank line (1-based) continues after it."""
    after = next((at for at in range(line, len(pieces)) if pieces[at]), None)
    return after is not None and pieces[line - 2] == pieces[after]


def _is_word(line: str) -> bool:
    """Whether a line has a word. Only spaces and tabs are blank; U+3000 and others can be words."""
    return bool(line.strip(" \t"))
