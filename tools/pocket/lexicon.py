"""Reads the hand-written tables of `lexicon/` (their format: lexicon/README.md)."""

from __future__ import annotations

import random
from functools import cache
from importlib import resources
from typing import NamedTuple


class Token(NamedTuple):
    """One word: UD part of speech, entity tag (B-PER, ..., or ""), part in the clause."""

    text: str
    tag: str
    entity: str = ""
    role: str = ""


Row = dict[str, str]


def _lines(name: str) -> list[str]:
    text = (resources.files("tools.pocket") / "lexicon" / name).read_text("utf-8")
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


@cache
def table(name: str) -> dict[str, Row]:
    """All rows of `lexicon/<name>.psv` by id; a held-out row has "held" set to "yes"."""
    lines = _lines(f"{name}.psv")
    header = lines[0].split("|")
    rows: dict[str, Row] = {}
    for line in lines[1:]:
        row = dict(zip(header, (cell.strip() for cell in line.split("|")), strict=True))
        row["held"] = "yes" if row["id"].endswith("*") else ""
        row["id"] = row["id"].rstrip("*")
        rows[row["id"]] = row
    return rows


@cache
def ids(name: str, held_out: bool, **where: str) -> tuple[str, ...]:
    """Ids of a table in file order; without `held_out` only what training data may use."""
    return tuple(
        key
        for key, row in table(name).items()
        if (held_out or not row["held"]) and all(row[k] == v for k, v in where.items())
    )


def pick(rng: random.Random, name: str, held_out: bool, **where: str) -> str:
    return rng.choice(ids(name, held_out, **where))


@cache
def forms(name: str, key: str, lang: str) -> tuple[str, ...]:
    """The inflected forms of one cell."""
    return tuple(table(name)[key][lang].split(" / "))


@cache
def _function_words() -> dict[tuple[str, str], str]:
    words: dict[tuple[str, str], str] = {}
    for line in _lines("function_words.psv")[1:]:
        lang, tag, listed = line.split("|")
        words.update({(lang, word): tag for word in listed.split()})
    return words


def tokens(cell: str, default: str, lang: str, entity: str = "", role: str = "") -> list[Token]:
    """Words of a cell with tags: `word_TAG`, else the function-word list, else `default`.

    Words between [ and ] belong to the named entity; without brackets `entity` holds for
    every word whose default tag was used.
    """
    return list(_tokens(cell, default, lang, entity, role))


@cache
def _tokens(cell: str, default: str, lang: str, entity: str, role: str) -> tuple[Token, ...]:
    bracketed = "[" in cell
    inside = started = False
    found: list[Token] = []
    for raw in cell.split():
        inside = inside or raw.startswith("[")
        word, _, own = raw.strip("[]").partition("_")
        proper = inside and not word.islower()  # University of Vienna: "of" is an adposition
        tag = own or (default if proper else _function_words().get((lang, word.lower()), default))
        named = bool(entity) and (inside if bracketed else not own)
        mark = ("I-" if started else "B-") + entity if named else ""
        started = started or named
        found.append(Token(word, tag, mark, role))
        inside = inside and not raw.endswith("]")
    return tuple(found)


@cache
def parallel(name: str) -> list[Row]:
    """Rows of a file of sentences: one column a language."""
    header, *lines = _lines(f"{name}.psv")
    return [dict(zip(header.split("|"), line.split("|"), strict=True)) for line in lines]
