"""Tagged sentences: parts of speech and named entities."""

from __future__ import annotations

import random
from collections.abc import Callable

from tools.pocket import clauses, sampling
from tools.pocket.clauses import Clause
from tools.pocket.lexicon import Token, forms, ids, pick, table, tokens
from tools.pocket.text import finish, join

Sentence = Callable[[str], list[Token]]  # language -> finished tokens
Maker = Callable[[random.Random, bool], Sentence]


def full_name(rng: random.Random, held: bool) -> tuple[str, str]:
    return "names", f"{pick(rng, 'names', held)} {pick(rng, 'surnames', held)}"


def _slots(rng: random.Random, held: bool, template: str) -> dict[str, tuple[str, str]]:
    one, two = rng.sample(ids("names", held), 2)
    last, other_last = rng.sample(ids("surnames", held), 2)
    company = template in ("office", "sells")
    org = pick(rng, "organisations", held, **({"kind": "c"} if company else {}))
    if template == "workin":
        org = pick(rng, "organisations", held, kind="c")
    city = pick(rng, "cities", held)
    country = pick(rng, "countries", held)
    if template == "city":
        country = table("cities")[city]["country"]
    return {
        "per": ("names", f"{one} {last}"),
        "per2": ("names", f"{two} {other_last}"),
        "org": ("organisations", org),
        "city": ("cities", city),
        "country": ("countries", country),
    }


def news_words(template: str, slots: dict[str, tuple[str, str]], lang: str) -> list[Token]:
    """A sentence of news.psv with its slots filled."""
    words: list[Token] = []
    for part in table("news")[template][lang].split():
        if not part.startswith("{"):
            words += tokens(part, "NOUN", lang)
            continue
        name = part.strip("{}")
        preposition, _, key = name.rpartition("_")
        if key.startswith("per"):
            words += clauses.subject(slots[key], lang)
        elif preposition:
            words += clauses.place(slots[key], lang)
        else:
            kind, which = slots[key]
            entity = "ORG" if key == "org" else "LOC"
            words += tokens(forms(kind, which, lang)[0], "PROPN", lang, entity)
    return [Token(w.text, "PUNCT") if w.text in (",", "，", "—") else w for w in words]


def news(rng: random.Random, held: bool) -> Sentence:
    template = rng.choice(list(table("news")))
    slots = _slots(rng, held, template)
    return lambda lang: finish(news_words(template, slots, lang), lang)


def _named_place(rng: random.Random, held: bool) -> tuple[str, str]:
    kind = rng.choice(["cities", "cities", "countries"])
    return kind, pick(rng, kind, held)


def _main(clause: Clause, opening: str) -> Sentence:
    return lambda lang: finish(clauses.render(clause, lang, opening), lang)


def story(rng: random.Random, held: bool, entities: float) -> Sentence:
    """A clause; with probability `entities` each, its subject and its place are names."""
    clause = sampling.clause(rng, held, named=0.0, place=0.7)
    if rng.random() < entities:
        clause = clause._replace(subject=full_name(rng, held))
    if rng.random() < entities:
        clause = clause._replace(place=_named_place(rng, held))
    if rng.random() < 0.15:
        clause = clause._replace(negative=True)
    return _main(clause, "T" if clause.time and rng.random() < 0.4 else "S")


def _question(rng: random.Random, held: bool) -> Sentence:
    clause = sampling.clause(rng, held)._replace(subject=("who", ""))
    return lambda lang: finish(clauses.render(clause, lang), lang, "?")


def _described(rng: random.Random, held: bool) -> Sentence:
    state = sampling.state(rng, held, rng.choice([1, 2]))
    return lambda lang: finish(clauses.render_state(state, lang), lang)


def _joined(rng: random.Random, held: bool) -> Sentence:
    one = sampling.clause(rng, held, place=0.3, time=0.2)
    two = sampling.clause(rng, held, place=0.3, time=0.2)
    return lambda lang: finish(clauses.both(one, two, lang), lang)


def _reason(rng: random.Random, held: bool) -> Sentence:
    clause = sampling.clause(rng, held)
    reason = Clause(sampling.person(rng, held, 1.0), ("wishes", pick(rng, "wishes", held)))
    return lambda lang: finish(clauses.because(clause, reason, lang), lang)


def _plain(rng: random.Random, held: bool) -> Sentence:
    return story(rng, held, entities=0.25)


def pos_sentence(rng: random.Random, held: bool) -> Sentence:
    kinds: list[Maker] = [_plain, _question, _described, _joined, _reason, news]
    return rng.choices(kinds, [4, 1, 2, 2, 2, 1])[0](rng, held)


def ner_sentence(rng: random.Random, held: bool) -> Sentence:
    if rng.random() < 0.6:
        return news(rng, held)
    return story(rng, held, entities=0.65)


def bio(words: list[Token]) -> list[tuple[str, str]]:
    return [(word.text, word.entity or "O") for word in words]


def split(
    make: Maker,
    rng: random.Random,
    held: bool,
    count: int,
    seen: set[str],
) -> list[Sentence]:
    """Sentences whose English text is not in `seen` (extended)."""
    found: list[Sentence] = []
    while len(found) < count:
        sentence = make(rng, held)
        english = join(sentence("en"), "en")[0]
        if english not in seen:
            seen.add(english)
            found.append(sentence)
    return found
