"""Paraphrase identification: two sentences, 1 when they say the same."""

from __future__ import annotations

import random
from typing import NamedTuple

from tools.pocket import LANGUAGES, sampling
from tools.pocket.clauses import Clause, State, both, render, render_state
from tools.pocket.lexicon import pick, table
from tools.pocket.text import written

_NOT_AT_A_PLACE = ("know", "love", "understand")


class Said(NamedTuple):
    """A sentence: one meaning or two joined by and; opening: S, T or P first."""

    parts: tuple[Clause | State, ...]
    opening: str = "S"


class Pair(NamedTuple):
    one: Said
    two: Said
    label: int


def _changed(rng: random.Random, old: Clause, held: bool) -> Clause | None:
    """The clause denied, or with some of its facts changed."""
    draw = rng.random()
    if draw < 0.25:
        return old._replace(negative=True)
    if draw < 0.3:
        return old._replace(subject=("nobody", ""))
    new = old
    if old.place and rng.random() < 0.9:
        new = new._replace(place=sampling.place_of(rng, held))
    if old.time and rng.random() < 0.9:
        new = new._replace(time=sampling.other(rng, "times", old.time, held))
    if old.thing and rng.random() < 0.8:
        new = new._replace(thing=sampling.thing(rng, held))
    if new == old or rng.random() < 0.3:
        return sampling.opposite_verb(new)
    return new


def _reworded(clause: Clause) -> Clause:
    """The clause with another word for its verb, where there is one."""
    key = clause.verb[1]
    return clause._replace(verb=("synonyms", key)) if key in table("synonyms") else clause


def _simple(rng: random.Random, held: bool, label: int) -> Pair | None:
    one = sampling.clause(rng, held, acts=0.2, place=0.7, time=0.8)
    two = one if label else _changed(rng, one, held)
    if two is None:
        return None
    if one.verb[0] == "verbs" and rng.random() < 0.5:
        two = _reworded(two)
    openings = ["T", "S"] if one.time and rng.random() < 0.7 else ["S", "S"]
    rng.shuffle(openings)
    if two == one and openings[0] == openings[1]:
        return None
    return Pair(Said((one,), openings[0]), Said((two,), openings[1]), label)


def _joined(rng: random.Random, held: bool, label: int) -> Pair | None:
    one = sampling.clause(rng, held, acts=0.2, place=0.3, time=0.0)
    two = sampling.clause(rng, held, acts=0.2, place=0.3, time=0.0)
    if one.subject == two.subject or one.verb == two.verb:
        return None
    if label:
        return Pair(Said((one, two)), Said((two, one)), 1)
    if rng.random() < 0.2:  # who does what is exchanged
        crossed = (one._replace(subject=two.subject), two._replace(subject=one.subject))
        return Pair(Said((one, two)), Said(crossed), 0)
    changed, other = _changed(rng, one, held), _changed(rng, two, held)
    return Pair(Said((one, two)), Said((other, changed)), 0) if changed and other else None


def _described(rng: random.Random, held: bool, label: int) -> Pair:
    one = sampling.state(rng, held, 2)
    first, second = one.adjectives
    if not label:
        second = sampling.opposite_adjective(rng, second, held)
        if rng.random() < 0.8:
            first = sampling.opposite_adjective(rng, first, held)
    return Pair(Said((one,)), Said((State(one.noun, (second, first)),)), label)


def _meeting(rng: random.Random, held: bool, label: int) -> Pair | None:
    """Two persons: told in another order, or with their roles exchanged."""
    verb = pick(rng, "meetings", held)
    a, b = pick(rng, "persons", held), pick(rng, "persons", held)
    if a == b or verb in _NOT_AT_A_PLACE:
        return None
    one = Clause(
        ("persons", a), ("meetings", verb), whom=b, place=("places", pick(rng, "places", held))
    )
    two = one if label else one._replace(subject=("persons", b), whom=a)
    return Pair(Said((one,)), Said((two,), "P" if label or rng.random() < 0.5 else "S"), label)


def example(rng: random.Random, held: bool, label: int) -> Pair:
    while True:
        draw = rng.random()
        if draw < 0.6:
            pair = _simple(rng, held, label)
        elif draw < 0.75:
            pair = _joined(rng, held, label)
        elif draw < 0.94:
            pair = _described(rng, held, label)
        else:
            pair = _meeting(rng, held, label)
        if pair:
            return pair if rng.random() < 0.5 else Pair(pair.two, pair.one, pair.label)


def text(said: Said, lang: str) -> str:
    if len(said.parts) == 2:
        one, two = said.parts
        assert isinstance(one, Clause)
        assert isinstance(two, Clause)
        return written(both(one, two, lang), lang)
    meaning = said.parts[0]
    if isinstance(meaning, State):
        return written(render_state(meaning, lang), lang)
    return written(render(meaning, lang, said.opening), lang)


def texts(pair: Pair, lang: str) -> tuple[str, str]:
    return text(pair.one, lang), text(pair.two, lang)


def split(rng: random.Random, held: bool, count: int, seen: set[tuple[str, str]]) -> list[Pair]:
    pairs: list[Pair] = []
    while len(pairs) < count:
        pair = example(rng, held, len(pairs) % 2)
        english = texts(pair, "en")
        if english not in seen and all(
            one != two for one, two in (texts(pair, lg) for lg in LANGUAGES)
        ):
            seen.add(english)
            pairs.append(pair)
    rng.shuffle(pairs)
    return pairs
