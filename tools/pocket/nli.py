"""Natural language inference: premise, hypothesis, label."""

from __future__ import annotations

import random
from typing import NamedTuple

from tools.pocket import LANGUAGES, clauses, sampling
from tools.pocket.clauses import Clause, State
from tools.pocket.lexicon import pick, table
from tools.pocket.text import written

LABELS = ("entailment", "neutral", "contradiction")


class Pair(NamedTuple):
    """wish: what the premise adds with `and can`; opening: word order of both sentences."""

    premise: Clause | State
    hypothesis: Clause | State
    label: str
    wish: str = ""
    opening: tuple[str, str] = ("S", "S")


def _story(rng: random.Random, held: bool, label: str) -> Pair | None:
    premise = sampling.clause(rng, held, place=0.55, time=0.5)
    wish = pick(rng, "wishes", held) if rng.random() < 0.12 else ""
    edit = {"entailment": _entailed, "neutral": _neutral, "contradiction": _contradicted}[label]
    hypothesis = edit(rng, held, premise, wish)
    if hypothesis is None or (hypothesis == premise and not wish):
        return None
    opening = (
        "T" if premise.time and rng.random() < 0.25 else "S",
        "T" if hypothesis.time and rng.random() < 0.25 else "S",
    )
    return Pair(premise, hypothesis, label, wish, opening)


def _can(premise: Clause, wish: str) -> Clause:
    return Clause(premise.subject, ("wishes", wish))


def _entailed(rng: random.Random, held: bool, premise: Clause, wish: str) -> Clause | None:
    if wish and rng.random() < 0.5:
        return _can(premise, wish)
    result = sampling.shorter(rng, premise, 0.45)
    if result.thing and result.thing.colour and rng.random() < 0.5:
        result = sampling.bare(result)
    if result.thing and not result.thing.number and rng.random() < 0.4:
        result = sampling.general(result)
    if rng.random() < 0.5:
        result = result._replace(subject=("anybody", ""))
    return result


def _neutral(rng: random.Random, held: bool, premise: Clause, wish: str) -> Clause | None:
    short = sampling.shorter(rng, premise, 0.45)
    draw = rng.random()
    if draw < 0.55:
        return _can(premise, sampling.other(rng, "wishes", wish, held))
    if draw < 0.7 and not premise.place:
        return short._replace(place=sampling.place_of(rng, held))
    if draw < 0.92 and not premise.time:
        return short._replace(time=pick(rng, "times", held))
    thing = premise.thing
    if thing and not thing.number and not thing.colour and sampling.colourable(thing.noun):
        colour = pick(rng, "adjectives", held, group="colour")
        return short._replace(thing=thing._replace(colour=colour))
    return None


def _contradicted(rng: random.Random, held: bool, premise: Clause, wish: str) -> Clause | None:
    draw = rng.random()
    if draw < 0.3:
        return sampling.shorter(rng, premise, 0.45)._replace(negative=True)
    if draw < 0.4:
        return sampling.shorter(rng, premise, 0.45)._replace(subject=("nobody", ""))
    short = sampling.shorter(rng, premise, 0.45)
    if draw < 0.65 and short.place:
        return sampling.other_place(rng, short, held)
    if draw < 0.75 and short.time:
        return sampling.other_time(rng, short, held)
    if draw < 0.9:
        return sampling.opposite_verb(short)
    if short.thing and short.thing.colour:
        return sampling.other_colour(rng, short, held)
    if short.thing and short.thing.number:
        return sampling.other_number(rng, short, held)
    return None


def _description(rng: random.Random, held: bool, label: str) -> Pair:
    premise = sampling.state(rng, held, 2)
    one, two = premise.adjectives
    kept = rng.choice([one, two])
    if label == "entailment":
        return Pair(premise, State(premise.noun, (kept,)), label)
    if label == "contradiction":
        changed = sampling.opposite_adjective(rng, kept, held)
        return Pair(premise, State(premise.noun, (changed,)), label)
    groups = {table("adjectives")[key]["group"] for key in premise.adjectives}
    while True:
        added = pick(rng, "adjectives", held)
        if table("adjectives")[added]["group"] not in groups:
            return Pair(premise, State(premise.noun, (added,)), label)


def example(rng: random.Random, held: bool, label: str) -> Pair:
    while True:
        described = rng.random() < 0.2
        pair = _description(rng, held, label) if described else _story(rng, held, label)
        if pair:
            return pair


def sentence(meaning: Clause | State, lang: str, opening: str = "S", wish: str = "") -> str:
    if isinstance(meaning, State):
        return written(clauses.render_state(meaning, lang), lang)
    if wish:
        return written(clauses.and_can(meaning, wish, lang), lang)
    return written(clauses.render(meaning, lang, opening), lang)


def texts(pair: Pair, lang: str) -> tuple[str, str]:
    opening, second = pair.opening
    return (
        sentence(pair.premise, lang, opening, pair.wish),
        sentence(pair.hypothesis, lang, second),
    )


def split(rng: random.Random, held: bool, count: int, seen: set[tuple[str, str]]) -> list[Pair]:
    """`count` pairs, the labels evenly spread, none whose English text is in `seen` (extended)."""
    pairs: list[Pair] = []
    while len(pairs) < count:
        pair = example(rng, held, LABELS[len(pairs) % 3])
        english = texts(pair, "en")
        if english not in seen and all(
            one != two for one, two in (texts(pair, lg) for lg in LANGUAGES)
        ):
            seen.add(english)
            pairs.append(pair)
    rng.shuffle(pairs)
    return pairs
