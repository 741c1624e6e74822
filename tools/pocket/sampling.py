"""Random clauses, and the edits that keep, contradict or go beyond what a clause says."""

from __future__ import annotations

import random

from tools.pocket.clauses import Clause, State
from tools.pocket.lexicon import ids, pick, table
from tools.pocket.nouns import Thing

_LARGE = ("car", "horse")  # never in a small place, never in the hand or the post
_FOR_SMALL_THINGS = ("hold", "send", "receive")
_SMALL_PLACES = ("kitchen", "library", "restaurant", "office", "church", "home", "hotel", "shop")


def colourable(noun: str) -> bool:
    return table("objects")[noun]["kind"] in ("thing", "clothes")


def thing(rng: random.Random, held: bool, colour: float = 0.25, number: float = 0.25) -> Thing:
    """An object; with the given probabilities coloured or counted."""
    draw = rng.random()
    if draw < number:
        return Thing(pick(rng, "counted", held), number=pick(rng, "numbers", held))
    noun = pick(rng, "objects", held)
    if draw < number + colour and colourable(noun):
        return Thing(noun, colour=pick(rng, "adjectives", held, group="colour"))
    return Thing(noun)


def person(rng: random.Random, held: bool, named: float = 0.25) -> tuple[str, str]:
    kind = "names" if rng.random() < named else "persons"
    return kind, pick(rng, kind, held)


def place_of(rng: random.Random, held: bool) -> tuple[str, str]:
    kind = rng.choice(["places", "places", "countries", "cities"])
    return kind, pick(rng, kind, held)


def clause(
    rng: random.Random,
    held: bool,
    *,
    acts: float = 0.3,
    place: float = 0.6,
    time: float = 0.5,
    colour: float = 0.25,
    number: float = 0.25,
    named: float = 0.25,
    only_when: bool = False,
) -> Clause:
    """A random clause; each number is the probability of that part.

    only_when: the time really is a time, not the company somebody keeps.
    """
    where = place_of(rng, held) if rng.random() < place else None
    kinds = {"kind": "when"} if only_when else {}
    when = pick(rng, "times", held, **kinds) if rng.random() < time else ""
    who = person(rng, held, named)
    if rng.random() < acts:
        return Clause(who, ("acts", pick(rng, "acts", held)), place=where, time=when)
    what = thing(rng, held, colour, number)
    verb = pick(rng, "verbs", held)
    while what.noun in _LARGE and verb in _FOR_SMALL_THINGS:
        verb = pick(rng, "verbs", held)
    while where and what.noun in _LARGE and where[1] in _SMALL_PLACES:
        where = place_of(rng, held)
    return Clause(who, ("verbs", verb), what, place=where, time=when)


def other(rng: random.Random, name: str, key: str, held: bool, **where: str) -> str:
    """Another id of the table."""
    return rng.choice([one for one in ids(name, held, **where) if one != key])


def other_place(rng: random.Random, old: Clause, held: bool) -> Clause:
    assert old.place
    kind, key = old.place
    return old._replace(place=(kind, other(rng, kind, key, held)))


def other_time(rng: random.Random, old: Clause, held: bool) -> Clause | None:
    """A time that excludes the old one, if the table has any."""
    group = table("times")[old.time]["group"]
    rest = [key for key in ids("times", held, group=group) if key != old.time]
    return old._replace(time=rng.choice(rest)) if rest else None


def opposite_verb(old: Clause) -> Clause | None:
    kind, key = old.verb
    opposite = table(kind)[key]["opposite"]
    return None if opposite == "-" else old._replace(verb=(kind, opposite))


def other_colour(rng: random.Random, old: Clause, held: bool) -> Clause:
    assert old.thing
    new = other(rng, "adjectives", old.thing.colour, held, group="colour")
    return old._replace(thing=old.thing._replace(colour=new))


def other_number(rng: random.Random, old: Clause, held: bool) -> Clause:
    assert old.thing
    new = other(rng, "numbers", old.thing.number, held)
    return old._replace(thing=old.thing._replace(number=new))


def shorter(rng: random.Random, old: Clause, chance: float) -> Clause:
    """The clause, each adjunct left out with the given chance."""
    return old._replace(
        place=None if rng.random() < chance else old.place,
        time="" if rng.random() < chance else old.time,
    )


def bare(old: Clause) -> Clause:
    """Without the colour of the object."""
    assert old.thing
    return old._replace(thing=old.thing._replace(colour=""))


def general(old: Clause) -> Clause:
    """The object replaced by its kind."""
    assert old.thing
    return old._replace(thing=None, kind=table("objects")[old.thing.noun]["kind"])


def opposite_adjective(rng: random.Random, key: str, held: bool) -> str:
    return other(rng, "adjectives", key, held=True, group=table("adjectives")[key]["group"])


def state(rng: random.Random, held: bool, count: int) -> State:
    """A noun of the kinds that can be coloured, with adjectives of different groups."""
    noun = pick(rng, "objects", held, kind=rng.choice(["thing", "clothes"]))
    chosen: list[str] = []
    while len(chosen) < count:
        key = pick(rng, "adjectives", held)
        if all(
            table("adjectives")[one]["group"] != table("adjectives")[key]["group"] for one in chosen
        ):
            chosen.append(key)
    return State(noun, tuple(chosen))
