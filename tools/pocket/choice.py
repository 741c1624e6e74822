"""Choice of plausible alternatives: a cause or an effect, right against wrong topic."""

from __future__ import annotations

import random
from typing import NamedTuple

from tools.pocket import clauses
from tools.pocket.lexicon import ids, table
from tools.pocket.text import capital, elide, join

# Who is not a doctor, a soldier, ... : nobody that a topic is about.
PEOPLE = (
    "woman",
    "man",
    "boy",
    "girl",
    "student",
    "farmer",
    "worker",
    "mother",
    "father",
    "neighbour",
)


class Choice(NamedTuple):
    """premise, choices: ids of causes.psv; question: what the right choice is to the premise."""

    subject: tuple[str, str]
    premise: str
    choices: tuple[str, str]
    question: str
    label: int


def example(rng: random.Random, held: bool, label: int) -> Choice:
    if rng.random() < 0.5:
        who = ("names", rng.choice(ids("names", held)))
    else:
        who = ("persons", rng.choice([key for key in ids("persons", held) if key in PEOPLE]))
    question = rng.choice(["cause", "effect"])
    given = {"cause": "effect", "effect": "cause"}[question]
    premise = rng.choice(ids("causes", held, role=given))
    topic = table("causes")[premise]["topic"]
    right = rng.choice(ids("causes", held, role=question, topic=topic))
    others = [
        key for key in ids("causes", held, role=question) if table("causes")[key]["topic"] != topic
    ]
    pair = [right, rng.choice(others)]
    if label:
        pair.reverse()
    return Choice(who, premise, (pair[0], pair[1]), question, label)


def sentence(key: str, subject: tuple[str, str], lang: str) -> str:
    words = clauses.subject(subject, lang)
    name = join(elide(words) if lang == "fr" else words, lang)[0]
    return capital(table("causes")[key][lang].replace("{s}", name), lang)


def record(choice: Choice, lang: str, idx: int) -> dict[str, str | int]:
    """One line of the XCOPA JSON-lines files."""
    return {
        "premise": sentence(choice.premise, choice.subject, lang),
        "choice1": sentence(choice.choices[0], choice.subject, lang),
        "choice2": sentence(choice.choices[1], choice.subject, lang),
        "question": choice.question,
        "label": choice.label,
        "idx": idx,
    }


def split(rng: random.Random, held: bool, count: int, seen: set[tuple[str, str]]) -> list[Choice]:
    """`count` choices; no (premise, right choice) in English that is in `seen` (extended)."""
    found: list[Choice] = []
    while len(found) < count:
        choice = example(rng, held, len(found) % 2)
        right = choice.choices[choice.label]
        english = (
            sentence(choice.premise, choice.subject, "en"),
            sentence(right, choice.subject, "en"),
        )
        if english not in seen:
            seen.add(english)
            found.append(choice)
    rng.shuffle(found)
    return found
