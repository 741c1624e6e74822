"""Clauses: one meaning, eight languages, each with its own word order."""

from __future__ import annotations

from typing import NamedTuple

from tools.pocket.lexicon import Token, forms, table, tokens
from tools.pocket.nouns import Thing, adjective, definite, indefinite, negated

_PERSON = {
    "en": "a person", "de": "eine Person", "es": "una persona", "fr": "une personne",
    "ru": "человек", "zh": "一 个 人", "tr": "bir kişi", "sw": "mtu",
}  # fmt: skip
_NOBODY = {
    "en": "nobody", "de": "niemand", "es": "nadie", "fr": "personne", "ru": "никто", "zh": "没有人",
    "tr": "hiç_ADV kimse", "sw": "hakuna_VERB mtu",
}  # fmt: skip
_WHO = {
    "en": "who", "de": "wer", "es": "quién", "fr": "qui",
    "ru": "кто", "zh": "谁", "tr": "kim_PRON", "sw": "nani",
}  # fmt: skip
_COPULA = {"en": "is", "de": "ist", "es": "es", "fr": "est", "sw": "ni"}
_AND = {"en": "and", "de": "und", "es": "y", "fr": "et", "ru": "и", "tr": "ve", "sw": "na"}
_BECAUSE = {
    "en": "because", "de": "weil", "es": "porque", "fr": "parce que",
    "ru": "потому_SCONJ что_SCONJ", "zh": "因为", "tr": "çünkü", "sw": "kwa_SCONJ sababu_SCONJ",
}  # fmt: skip


class Clause(NamedTuple):
    """Somebody does something. Each field is (table, id); "" where there is nothing.

    subject: persons, names, full (first and last name), or ("anybody"|"nobody"|"who", "");
    verb: verbs, acts, wishes (never negative) or meetings; thing: the object of `verbs`;
    kind: a hypernym as the object; whom: the person of `meetings`;
    place: places, cities, countries, organisations.
    """

    subject: tuple[str, str]
    verb: tuple[str, str]
    thing: Thing | None = None
    kind: str = ""
    whom: str = ""
    place: tuple[str, str] | None = None
    time: str = ""
    negative: bool = False


class State(NamedTuple):
    """The noun (an id of objects) is such and such (ids of adjectives)."""

    noun: str
    adjectives: tuple[str, ...]


def subject(who: tuple[str, str], lang: str) -> list[Token]:
    kind, key = who
    if kind == "anybody":
        return tokens(_PERSON[lang], "NOUN", lang, role="S")
    if kind == "nobody":
        return tokens(_NOBODY[lang], "PRON", lang, role="S")
    if kind == "who":
        return tokens(_WHO[lang], "PRON", lang, role="S")
    if kind == "persons":
        return tokens(forms("persons", key, lang)[0], "NOUN", lang, role="S")
    first, _, last = key.partition(" ")
    words = [forms("names", first, lang)[0]] + ([table("surnames")[last][lang]] if last else [])
    if lang == "zh" and last:
        words = [words[0], "·", words[1]]
    return tokens(" ".join(words), "PROPN", lang, "PER", "S")


def place(where: tuple[str, str] | None, lang: str) -> list[Token]:
    if where is None:
        return []
    kind, key = where
    if kind == "places":
        return tokens(forms("places", key, lang)[0], "NOUN", lang, role="P")
    entity = "ORG" if kind == "organisations" else "LOC"
    return tokens(forms(kind, key, lang)[1], "PROPN", lang, entity, "P")


def time(when: str, lang: str) -> list[Token]:
    return tokens(forms("times", when, lang)[0], "NOUN", lang, role="T") if when else []


def verb(clause: Clause, lang: str, base: bool = False) -> tuple[list[Token], list[Token]]:
    """The finite verb and what closes the predicate; `base` gives English do-support's form."""
    if clause.subject[0] == "nobody":
        return _verb_of_nobody(clause, lang)
    kind, key = clause.verb
    cell = forms(kind, key, lang)
    no = clause.negative
    second = (no and lang in ("zh", "tr", "sw")) or (lang == "en" and (no or base))
    head, _, tail = cell[1 if second and len(cell) > 1 else 0].partition(" ~ ")
    words = tokens(head, "VERB", lang, role="V")
    if no:
        words = {
            "en": tokens("does not", "", lang, role="V") + words,
            "es": tokens("no", "", lang, role="V") + words,
            "fr": tokens("ne", "", lang, role="V") + words + tokens("pas", "", lang, role="V"),
            "ru": tokens("не", "", lang, role="V") + words,
            "zh": (tokens("不", "", lang, role="V") if len(cell) == 1 else []) + words,
        }.get(lang, words)
    return words, tokens(tail, "VERB", lang, role="V")


def _verb_of_nobody(clause: Clause, lang: str) -> tuple[list[Token], list[Token]]:
    """French, Russian and Turkish negate the verb too; Swahili says: there is no one who ..."""
    subject = ("anybody", "")
    head, tail = verb(clause._replace(subject=subject, negative=lang in ("fr", "ru", "tr")), lang)
    if lang == "fr":
        head = [word for word in head if word.text != "pas"]
    if lang == "sw":
        head = [head[0]._replace(text="anaye" + head[0].text.removeprefix("ana")), *head[1:]]
    return head, tail


def object_of(clause: Clause, lang: str) -> list[Token]:
    if clause.whom:
        cell = forms("persons", clause.whom, lang)
        return tokens(cell[-1], "NOUN", lang, role="O")
    if clause.kind:
        words = tokens(forms("kinds", clause.kind, lang)[0], "NOUN", lang, role="O")
    elif clause.thing:
        words = indefinite(clause.thing, lang)
    else:
        return []
    nobody = clause.subject[0] == "nobody" and lang in ("fr", "tr")
    return negated(words, lang) if clause.negative or nobody else words


def render(clause: Clause, lang: str, first: str = "S") -> list[Token]:
    """Words of a main clause without the final mark; `first`: what opens it (S, T or P)."""
    s, (v, tail), o = subject(clause.subject, lang), verb(clause, lang), object_of(clause, lang)
    p, t = place(clause.place, lang), time(clause.time, lang)
    opening = {"S": [], "T": t, "P": p}[first]
    if first == "T":
        t = []
    if first == "P":
        p = []
    comma = [Token("，" if lang == "zh" else ",", "PUNCT")] if opening else []
    if lang == "de":
        no = tokens("nicht", "", lang) if clause.negative and not o else []
        front = opening + v + s if opening else s + v
        return front + t + no + p + o + tail
    if lang == "ru":
        return opening + s + t + v + tail + o + p
    if lang == "zh":
        no = v[:1] if clause.negative else []  # 不 and 没有 stand before the place
        return opening + comma + s + t + no + p + v[len(no) :] + tail + o
    if lang == "tr":
        return opening + s + t + p + o + v
    return opening + comma + s + v + tail + o + p + t


def render_state(state: State, lang: str, adjective_role: str = "A") -> list[Token]:
    words = definite(state.noun, lang)
    copula = ""
    for at, key in enumerate(state.adjectives):
        if at:
            words += conjunction(lang)
        group = table("adjectives")[key]["group"]
        form = adjective(key, state.noun, lang)
        said = tokens(form, "NOUN" if lang == "sw" and " " in form else "ADJ", lang)
        said = [word._replace(role=adjective_role) for word in said]
        if lang == "zh":
            colour = group == "colour"
            before, after = ("是", "的") if colour else ("很", "")
            said = tokens(before, "", lang) + said + tokens(after, "", lang)
        else:
            needed = "está" if lang == "es" and group == "dirt" else _COPULA.get(lang, "")
            if needed != copula:
                said = tokens(needed, "AUX", lang) + said
            copula = needed
        words += said
    return words


def conjunction(lang: str) -> list[Token]:
    """And, between two predicates of one subject."""
    return tokens("， 而且" if lang == "zh" else _AND[lang], "PUNCT", lang)


def both(one: Clause, other: Clause, lang: str) -> list[Token]:
    """Two clauses joined by and (Russian and Chinese: by the word for a new subject)."""
    link = {"zh": "， 而", "ru": ", а"}.get(lang, _AND.get(lang, ""))
    return render(one, lang) + tokens(link, "PUNCT", lang) + render(other, lang)


def and_can(clause: Clause, wish: str, lang: str) -> list[Token]:
    """The clause, and what the same subject can do."""
    head, tail = verb(clause._replace(verb=("wishes", wish), negative=False), lang)
    return render(clause, lang) + conjunction(lang) + head + tail


def because(clause: Clause, reason: Clause, lang: str) -> list[Token]:
    """The clause and its reason; German puts the finite verb of the reason last."""
    if lang == "de":
        head, tail = verb(reason, lang)
        said = subject(reason.subject, lang) + time(reason.time, lang) + place(reason.place, lang)
        said += object_of(reason, lang) + tail + head
    else:
        said = render(reason, lang)
    comma = (
        [Token("，" if lang == "zh" else ",", "PUNCT")] if lang in ("de", "ru", "zh", "tr") else []
    )
    return render(clause, lang) + comma + tokens(_BECAUSE[lang], "SCONJ", lang) + said
