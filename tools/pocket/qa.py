"""Span question answering: short contexts of facts, SQuAD v1.1 JSON."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from tools.pocket import clauses, questions, sampling
from tools.pocket.clauses import Clause, State
from tools.pocket.lexicon import Token, ids, pick, table, tokens
from tools.pocket.text import finish, join, written


class Fact(NamedTuple):
    """words: language -> sentence; asked: (language -> question, role of the answer's tokens)."""

    words: Callable[[str], list[Token]]
    asked: list[tuple[Callable[[str], list[Token]], str]]


def _clause_fact(c: Clause, opening: str) -> Fact:
    asked: list[tuple[Callable[[str], list[Token]], str]] = [
        (lambda lang: questions.who(c, lang), "S")
    ]
    if c.place:
        asked.append((lambda lang: questions.where(c, lang), "P"))
    if c.time:
        asked.append((lambda lang: questions.when(c, lang), "T"))
    if c.thing and c.thing.number:
        asked.append((lambda lang: questions.how_many(c, lang), "N"))
    elif c.thing:
        asked.append((lambda lang: questions.what(c, lang), "O"))
    return Fact(lambda lang: clauses.render(c, lang, opening), asked)


def _colour_fact(state: State) -> Fact:
    return Fact(
        lambda lang: clauses.render_state(state, lang),
        [(lambda lang: questions.colour(state.noun, lang), "A")],
    )


def _filled(cell: str, name: str, where: tuple[str, str], lang: str) -> list[Token]:
    words: list[Token] = []
    for part in cell.split():
        if part == "{name}":
            words += clauses.subject(("names", name), lang)
        elif part.startswith("{"):
            for word in clauses.place(where, lang):
                words.append(word._replace(role="E" if word.entity else ""))
        else:
            words += tokens(part, "VERB", lang)
    return words


def _named_fact(kind: str, name: str, where: tuple[str, str]) -> Fact:
    fact, question = table("facts")[kind], table("fact_questions")[kind]
    return Fact(
        lambda lang: _filled(fact[lang], name, where, lang),
        [(lambda lang: _filled(question[lang], name, where, lang), "E")],
    )


def facts(rng: random.Random, held: bool) -> list[Fact]:
    """Two or three facts about different people, things and places: every question is clear."""
    people = [("persons", key) for key in rng.sample(ids("persons", held), 3)]
    people += [("names", key) for key in rng.sample(ids("names", held), 3)]
    rng.shuffle(people)
    found: list[Fact] = []
    verbs: set[str] = set()
    things: set[str] = set()
    for person in people[: rng.choice([1, 2])]:
        while True:
            c = sampling.clause(
                rng, held, acts=0.25, place=0.7, time=0.6, number=0.35, only_when=True
            )
            noun = c.thing.noun if c.thing else ""
            if c.verb[1] not in verbs and noun not in things:
                break
        verbs.add(c.verb[1])
        things.update([noun] if noun else [])
        c = c._replace(subject=person)
        found.append(_clause_fact(c, "T" if c.time and rng.random() < 0.3 else "S"))
    if rng.random() < 0.5:
        noun = rng.choice([key for key in ids("objects", held, kind="thing") if key not in things])
        colour = pick(rng, "adjectives", held, group="colour")
        found.append(_colour_fact(State(noun, (colour,))))
    name = next(key for kind, key in people[2:] if kind == "names")
    if len(found) < 2 or (len(found) < 3 and rng.random() < 0.5):
        kind = rng.choice(["live", "work"])
        source = {"live": "cities", "work": "organisations"}[kind]
        found.append(_named_fact(kind, name, (source, pick(rng, source, held))))
    rng.shuffle(found)
    return found


class Context(NamedTuple):
    facts: list[Fact]
    chosen: list[tuple[int, int]]  # (fact, question of that fact)


def _span(text: str, spans: list[tuple[int, int]]) -> tuple[int, str]:
    start, end = spans[0][0], spans[-1][1]
    return start, text[start:end]


def paragraph(context: Context, lang: str, prefix: str) -> dict[str, Any]:
    """One SQuAD paragraph; ids are the same in every language."""
    text = ""
    located: list[tuple[str, list[tuple[int, int]], list[Token]]] = []
    for fact in context.facts:
        words = finish(fact.words(lang), lang)
        sentence, spans = join(words, lang)
        if text and lang != "zh":
            text += " "
        located.append((sentence, [(a + len(text), b + len(text)) for a, b in spans], words))
        text += sentence
    answers = []
    for at, (which, asked) in enumerate(context.chosen):
        make, role = context.facts[which].asked[asked]
        spans = [
            s for s, w in zip(located[which][1], located[which][2], strict=True) if w.role == role
        ]
        start, answer = _span(text, spans)
        answers.append(
            {
                "id": f"{prefix}-{at}",
                "question": written(make(lang), lang, "?"),
                "answers": [{"answer_start": start, "text": answer}],
            }
        )
    return {"context": text, "qas": answers}


def split(rng: random.Random, held: bool, count: int, seen: set[str], each: int) -> list[Context]:
    """Contexts with `each` questions, `count` questions in all; new English contexts only."""
    found: list[Context] = []
    while len(found) * each < count:
        context = Context(facts(rng, held), [])
        choices = [(i, j) for i, fact in enumerate(context.facts) for j in range(len(fact.asked))]
        context = context._replace(chosen=rng.sample(choices, each))
        english = paragraph(context, "en", "")["context"]
        if english not in seen:
            seen.add(english)
            found.append(context)
    return found


def document(contexts: list[Context], lang: str, prefix: str) -> dict[str, Any]:
    """The whole SQuAD v1.1 file."""
    paragraphs = [paragraph(c, lang, f"{prefix}-{n:04d}") for n, c in enumerate(contexts)]
    return {"version": "1.1", "data": [{"title": "pocket", "paragraphs": paragraphs}]}
