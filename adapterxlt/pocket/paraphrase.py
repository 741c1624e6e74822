"""Paraphrase identification: two sentences, 1 when they say the same."""

from __future__ import annotations

import random
from typing import NamedTuple

from adapterxlt.pocket import LANGUAGES, sampling
from adapterxlt.pocket.clauses import Clause, State, both, render, render_state
from adapterxlt.pocket.lexicon import pick, table
from adapterxlt.pocket.text import written


class Said(NamedTuple):
    """A sentence: one meaning or two joined by and; opening: S, T or P first."""

    parts: tuple[Clause | State, ...]
    opening: str = "S"


class Pair(NamedTuple):
    one: Said
    two: Said
    label: int


def _changed(rng: random.Random, old: Clause, held: bool) -> Clause | None:
    """The clause with one fact changed."""
    edits = [sampling.opposite_verb(old)]
    if old.place:
        edits.append(sampling.other_place(rng, old, held))
    if old.time:
        edits.append(sampling.other_time(rng, old, held))
    if old.thing and old.thing.colour:
        edits.append(sampling.other_colour(rng, old, held))
    if old.thing and old.thing.number:
        edits.append(sampling.other_number(rng, old, held))
    edits.append(old._replace(negative=True))
    return rng.choice(edits)


def _simple(rng: random.Random, held: bool, label: int) -> Pair | None:
    one = sampling.clause(rng, held, acts=0.2, place=0.7, time=0.8)
    two: Clause | None = one
    if label == 0:
        two = _changed(rng, one, held)
    elif one.verb[1] in table("synonyms") and one.verb[0] == "verbs":
        two = one._replace(verb=("synonyms", one.verb[1]))
    if two is None:
        return None
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
    if rng.random() < 0.4:  # who does what is exchanged
        crossed = (one._replace(subject=two.subject), two._replace(subject=one.subject))
        return Pair(Said((one, two)), Said(crossed), 0)
    changed = _changed(rng, one, held)
    return Pair(Said((one, two)), Said((two, changed)), 0) if changed else None


def _described(rng: random.Random, held: bool, label: int) -> Pair:
    one = sampling.state(rng, held, 2)
    first, second = one.adjectives
    if not label:
        second = sampling.opposite_adjective(rng, second, held)
    return Pair(Said((one,)), Said((State(one.noun, (second, first)),)), label)


def _meeting(rng: random.Random, held: bool) -> Pair | None:
    """The roles of two persons exchanged."""
    verb = ("meetings", pick(rng, "meetings", held))
    a, b = pick(rng, "persons", held), pick(rng, "persons", held)
    where = ("places", pick(rng, "places", held)) if rng.random() < 0.5 else None
    if verb[1] in ("know", "love", "understand"):
        where = None
    if a == b:
        return None
    one = Clause(("persons", a), verb, whom=b, place=where)
    two = Clause(("persons", b), verb, whom=a, place=where)
    return Pair(Said((one,)), Said((two,)), 0)


def example(rng: random.Random, held: bool, label: int) -> Pair:
    while True:
        draw = rng.random()
        if draw < 0.6:
            pair = _simple(rng, held, label)
        elif draw < 0.75:
            pair = _joined(rng, held, label)
        elif draw < 0.9 or label:
            pair = _described(rng, held, label)
        else:
            pair = _meeting(rng, held)
        if pair:
            return pair


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
