"""Bilingual lexicons: words and their translations, named by their file in a recipe.

A lexicon is a task of sentence retrieval whose sentences are words. If a stage names the file of a
lexicon, it needs no entry: the name `gatitos/en_hi.tsv` tells its languages. No torch.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.languages import parse_tag
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.fingerprint import normalise_text
from adapterxlt.tasks.layout import Layout
from adapterxlt.tasks.read import read_bitext

FORMAT = "lexicon"
MAIN = "p_at_1"
METRICS = (
    MAIN, "p_at_1_xx_en", "mrr", "mrr_xx_en", "csls_p_at_1", "csls_p_at_1_xx_en",
    "similarity", "similarity_shuffled", "similarity_gap", "anisotropy",
)  # fmt: skip
# The same over the entries whose words are all new. They are not metrics of the task, as addresses
# of measurements with no such entries would change.
NEW = "new_words"
NEW_METRICS = {"p_at_1": f"{NEW}_p_at_1", "p_at_1_xx_en": f"{NEW}_p_at_1_xx_en"}
_NAME = re.compile(r"(?P<first>[A-Za-z]{2,3})[-_](?P<second>[A-Za-z]{2,3})(?:\..*)?")
_EXAMPLE = "name the file like `en_hi.tsv`, or give its `language`"


def is_file(named: str) -> bool:
    """Whether a stage names a file, and not a task of the catalogue."""
    return "/" in named or "." in named


def name_of(named: str) -> str:
    """Return the name of the task that a stage names, also if it names a file: `gatitos_en_hi`."""
    if not is_file(named):
        return named
    path = PurePosixPath(named)
    text = re.sub("[^a-z0-9_-]+", "_", path.with_suffix("").as_posix().lower())
    return text[-60:].strip("_-")


def is_of(task: Task, named: str) -> bool:
    """Whether a task is the lexicon that a stage names, by a task's name or by its file."""
    if not is_file(named):
        return any(layout.format == FORMAT for layout in task.layouts)
    return [layout.files.get("train") for layout in task.layouts] == [{"data": named}]


def lexicon_task(path: str, language: str | None = None) -> Task:
    """Make the task of a lexicon's file.

    Args:
        path: the file as a recipe names it: a path in a data folder, or in the recipe's folder.
        language: the language other than English; None: the file's name tells it.

    Raises:
        ValueError: the path leads elsewhere, or does not tell the languages. The message can be
            shown to a user; it may contain a hint after a newline.
    """
    if "*" in path or "?" in path or "{" in path or not name_of(path):
        raise ValueError(f"`{path}` is not the name of one file")
    found = _NAME.fullmatch(PurePosixPath(path).name)
    pair = [_code(found[side]) for side in ("first", "second")] if found else []
    others = [code for code in pair if code != "en"]
    if language is None and not others:
        raise ValueError(f"the name `{path}` does not tell its languages\n{_EXAMPLE}")
    # English is the second column if the name says so. Otherwise the first column is English, or is
    # treated as English if neither language is.
    english = int(len(pair) == 2 and pair[0] != "en" and pair[1] == "en")
    columns: dict[str, int | str | tuple[int, ...] | tuple[str, ...]] = {
        "source": 1 - english,
        "target": english,
    }
    files = {split: {"data": path} for split in ("train", "test")}
    try:
        return Task(
            name=name_of(path),
            title=f"lexicon {path}",
            kind="sentence_retrieval",
            languages=(language or others[-1],),
            splits=("train", "test"),
            layouts=(Layout(name=FORMAT, format=FORMAT, files=files, columns=columns),),
            metrics=METRICS,
            main_metric=MAIN,
        )
    except ValidationError as error:
        if "languages" in error.errors(include_url=False)[0]["loc"]:
            raise ValueError(f"`{language}` is not a language code") from None
        raise ValueError(
            f"`{path}` is not a path inside a folder\nlexicons are searched in the data folders "
            "and next to the recipe"
        ) from None


def _code(written: str) -> str:
    tag = parse_tag(written)
    return tag[0] if tag else written.lower()


def key_of(word: str) -> str:
    """Return the normalised form of a word; words with equal forms count as the same."""
    return normalise_text(word) or word


@dataclass(frozen=True)
class Lexicon:
    """The entries of a lexicon, each once.

    Args:
        pairs: each entry: a word of the other language and one of its translations into English.
        known: all pairs of words that are translations of each other, in the form of `key_of`. For
            a part of a lexicon, these are the pairs of the whole lexicon.
    """

    pairs: tuple[tuple[str, str], ...]
    known: frozenset[tuple[str, str]]

    def __len__(self) -> int:
        return len(self.pairs)

    def part(self, rows: Sequence[int]) -> Lexicon:
        """Return a lexicon with some of the entries."""
        return Lexicon(tuple(self.pairs[row] for row in rows), self.known)

    @property
    def words(self) -> tuple[str, ...]:
        """All its words, of both languages, each once."""
        return tuple(dict.fromkeys(word for pair in self.pairs for word in pair))


def lexicon_of(bitext: Bitext) -> Lexicon:
    """Make a lexicon from the pairs that were read."""
    pairs = tuple(dict.fromkeys(zip(bitext.source, bitext.target, strict=True)))
    return Lexicon(pairs, frozenset((key_of(one), key_of(other)) for one, other in pairs))


def read_lexicon(task: Task, roots: Sequence[Path], language: str) -> Lexicon:
    """Read the entries of a lexicon.

    Raises:
        MissingDataError: it is missing or malformed.
    """
    return lexicon_of(read_bitext(task, roots, language))


def all_new(measured: Lexicon, trained: Lexicon) -> list[bool]:
    """Say of each measured entry whether no word of it was trained on, on the same side.

    An entry may be a phrase; its words are what is between spaces. In a language that is written
    without spaces, the whole entry counts as one word.
    """
    known: tuple[set[str], set[str]] = (set(), set())
    for pair in trained.pairs:
        for side, phrase in zip(known, pair, strict=True):
            side |= _words(phrase)
    return [
        not any(side & _words(phrase) for side, phrase in zip(known, pair, strict=True))
        for pair in measured.pairs
    ]


def _words(phrase: str) -> set[str]:
    return set(map(key_of, phrase.split())) or {key_of(phrase)}


@dataclass(frozen=True)
class Division:
    """A division of entries into those to train on and those held out.

    Args:
        trained, held_out: rows of the lexicon, ascending.
        groups: number of groups of entries that are connected by equal words or phrases. A group
            is never divided.
        largest: number of entries in the largest group.
    """

    trained: tuple[int, ...]
    held_out: tuple[int, ...]
    groups: int
    largest: int


def divide(lexicon: Lexicon, share: float, seed: int) -> Division:
    """Hold out a share of the entries, such that neither side of them is a side of another entry.

    Entries with an equal side belong to one group. Sides count as a whole: a word of a phrase that
    is held out may occur in another phrase (see `all_new`). The seed draws an order of the
    groups, and each group that still fits into the share is held out. So large groups (words with
    many meanings) are mostly trained on.

    Raises:
        MissingDataError: nothing can be held out, or nothing would be left to train on.
    """
    groups = _groups(lexicon)
    largest = max(map(len, groups))
    wanted = round(share * len(lexicon))
    held: set[int] = set()
    for group in random.Random(seed).sample(groups, len(groups)):
        if len(held) + len(group) <= wanted:
            held.update(group)
    if (share and not held) or len(held) == len(lexicon):
        raise MissingDataError(
            f"cannot hold out {share:g} of {len(lexicon)} entries: the largest group of entries "
            f"that share words has {largest} entries",
            hint="use a larger lexicon, another `held_out`, or `held_out: 0`",
        )
    trained = tuple(row for row in range(len(lexicon)) if row not in held)
    return Division(trained, tuple(sorted(held)), len(groups), largest)


def _groups(lexicon: Lexicon) -> list[list[int]]:
    """Return the rows of each group of entries that share words, ordered by their first rows."""
    parent = list(range(len(lexicon)))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    first: dict[str, int] = {}
    for row, pair in enumerate(lexicon.pairs):
        for word in pair:
            other = root(first.setdefault(key_of(word), row))
            own = root(row)
            parent[max(own, other)] = min(own, other)
    found: dict[int, list[int]] = {}
    for row in range(len(lexicon)):
        found.setdefault(root(row), []).append(row)
    return list(found.values())
