"""Questions about a clause, in the word order of each language."""

from __future__ import annotations

from tools.pocket import clauses
from tools.pocket.clauses import Clause
from tools.pocket.lexicon import Token, forms, tokens
from tools.pocket.nouns import definite, feminine, swahili_number

_WHERE = {
    "en": "where", "de": "wo", "es": "dónde", "fr": "où est-ce que", "ru": "где",
    "zh": "在 哪里", "tr": "nerede", "sw": "wapi",
}  # fmt: skip
_WHEN = {
    "en": "when", "de": "wann", "es": "cuándo", "fr": "quand est-ce que", "ru": "когда",
    "zh": "什么 时候", "tr": "ne zaman", "sw": "lini",
}  # fmt: skip
_WHAT = {
    "en": "what", "de": "was", "es": "qué", "fr": "qu'est-ce que", "ru": "что",
    "zh": "什么", "tr": "ne", "sw": "nini",
}  # fmt: skip
_COLOUR = {
    "en": "what colour is", "de": "welche Farbe hat", "es": "de qué color es",
    "fr": "de quelle couleur est", "ru": "какого цвета",
}  # fmt: skip


def _words(text: str, lang: str) -> list[Token]:
    return tokens(text, "ADV", lang)


def _front(asked: list[Token], c: Clause, lang: str, keep: str) -> list[Token]:
    """Languages that open the question with its word; keep: which of O, P, T are said."""
    s = clauses.subject(c.subject, lang)
    v, tail = clauses.verb(c, lang, base=True)
    o = clauses.object_of(c, lang) if "O" in keep else []
    p = clauses.place(c.place, lang) if "P" in keep else []
    t = clauses.time(c.time, lang) if "T" in keep else []
    if lang == "en":
        return asked + _words("does", lang) + s + v + tail + o + p + t
    if lang == "de":
        return asked + v + s + t + p + o + tail
    if lang == "es":
        return asked + v + tail + s + o + p + t
    return asked + s + v + tail + o + p + t


def _inside(asked: list[Token], c: Clause, lang: str, at: str) -> list[Token]:
    """Languages that ask in place: the asked word stands where the answer would."""
    s = clauses.subject(c.subject, lang)
    v, tail = clauses.verb(c, lang)
    p = asked if at == "P" else clauses.place(c.place, lang)
    t = asked if at == "T" else clauses.time(c.time, lang)
    o = asked if at == "O" else clauses.object_of(c, lang)
    if lang == "zh":
        return s + t + p + v + tail + o
    if lang == "tr":
        return s + t + p + o + v
    if at == "P":
        return s + v + tail + o + t + p
    return s + v + tail + o + p + t


def _ask(words: dict[str, str], c: Clause, lang: str, at: str) -> list[Token]:
    asked = _words(words[lang], lang)
    if lang in ("zh", "tr", "sw"):
        return _inside(asked, c, lang, at)
    return _front(asked, c, lang, "OPT".replace(at, ""))


def where(c: Clause, lang: str) -> list[Token]:
    return _ask(_WHERE, c, lang, "P")


def when(c: Clause, lang: str) -> list[Token]:
    return _ask(_WHEN, c, lang, "T")


def what(c: Clause, lang: str) -> list[Token]:
    return _ask(_WHAT, c, lang, "O")


def who(c: Clause, lang: str) -> list[Token]:
    return clauses.render(c._replace(subject=("who", "")), lang)


def how_many(c: Clause, lang: str) -> list[Token]:
    """For a clause whose object is counted."""
    assert c.thing
    assert c.thing.number
    noun = c.thing.noun
    cell = forms("counted", noun, lang)
    plural = cell[1] if lang == "ru" else cell[0]
    if lang == "sw":
        asked = f"{plural} {swahili_number('ngapi', cell[1])}"
    else:
        word = {
            "en": "how many", "de": "wie viele", "fr": "combien de", "ru": "сколько",
            "es": "cuántas" if feminine(noun, "es") else "cuántos", "zh": "几", "tr": "kaç",
        }[lang]  # fmt: skip
        asked = f"{word} {plural}"
    words = _words(f"{asked} est-ce que" if lang == "fr" else asked, lang)
    if lang in ("zh", "tr", "sw"):
        return _inside(words, c, lang, "O")
    return _front(words, c, lang, "PT")


def colour(noun: str, lang: str) -> list[Token]:
    the_noun = definite(noun, lang)
    if lang == "zh":
        return the_noun + _words("是 什么 颜色 的", lang)
    if lang == "tr":
        return the_noun + _words("ne renk", lang)
    if lang == "sw":
        of = {"5": "la", "7": "cha", "9": "ya"}.get(forms("objects", noun, lang)[1], "wa")
        return the_noun + _words(f"ni {of} rangi gani", lang)
    return _words(_COLOUR[lang], lang) + the_noun
