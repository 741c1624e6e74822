"""Noun phrases: articles, adjective agreement, numerals and class concord."""

from __future__ import annotations

from typing import NamedTuple

from tools.pocket.lexicon import Token, forms, table, tokens

_GERMAN_ACCUSATIVE = {"einen": "en", "eine": "e", "ein": "es"}
_DEFINITE = {
    "en": {"a": "the", "an": "the"},
    "de": {"einen": "der", "eine": "die", "ein": "das"},
    "es": {"un": "el", "una": "la"},
    "fr": {"un": "le", "une": "la"},
    "zh": {"一": "那"},
}
_SWAHILI_OF = {"5": "la", "7": "cha", "9": "ya"}  # every other singular class: wa
_SWAHILI_PLURAL = {"4": "mi", "6": "ma", "8": "vi"}


class Thing(NamedTuple):
    """An object of the lexicon, perhaps with a colour or counted."""

    noun: str
    colour: str = ""
    number: str = ""


def russian_adjective(key: str, gender: str, accusative: bool = False) -> str:
    """gender: m, f, n, or p (a noun that is always plural); inanimate accusative."""
    masculine, feminine, neuter = forms("adjectives", key, "ru")
    if gender == "p":
        stem = masculine[:-2]
        return stem + ("ие" if stem[-1] in "кгхжшчщ" or masculine.endswith("ий") else "ые")
    if gender == "f":
        if not accusative:
            return feminine
        return feminine[:-2] + {"ая": "ую", "яя": "юю"}[feminine[-2:]]
    return neuter if gender == "n" else masculine


def swahili_adjective(stem: str, noun_class: str) -> str:
    """Agreement of an adjective with a singular noun class (1, 3, 5, 7, 9, 11)."""
    if stem.startswith("="):
        return stem[1:]
    if stem.startswith("+"):
        return f"{_SWAHILI_OF.get(noun_class, 'wa')} {stem[1:]}"
    vowel = stem[0] in "aeiou"
    if noun_class == "5":
        return "j" + stem if vowel else "ji" + stem if stem == "pya" else stem
    if noun_class == "7":
        return "ch" + stem if vowel else "ki" + stem
    if noun_class == "9":
        if vowel:
            return "ny" + stem
        return ("n" if stem[0] in "dzgj" else "m" if stem[0] == "b" or stem == "pya" else "") + stem
    return "mw" + stem if vowel else "m" + stem


def swahili_number(stem: str, noun_class: str) -> str:
    """Agreement of a numeral (or -ngapi, how many) with a plural class (4, 6, 8, 10)."""
    if stem.startswith("="):
        return stem[1:]
    if noun_class == "10":
        return "mbili" if stem == "wili" else stem
    return _SWAHILI_PLURAL[noun_class] + stem


def feminine(noun: str, lang: str) -> bool:
    """Gender of a Spanish or French noun, seen at its article."""
    return forms("objects", noun, lang)[0].split()[0] in ("una", "une")


def adjective(key: str, noun: str, lang: str) -> str:
    """The adjective as a predicate of the noun."""
    cell = forms("adjectives", key, lang)
    if lang in ("es", "fr"):
        return cell[feminine(noun, lang)]
    if lang == "ru":
        return russian_adjective(key, forms("objects", noun, lang)[2])
    if lang == "sw":
        return swahili_adjective(cell[0], forms("objects", noun, lang)[1])
    return cell[0]


def indefinite(thing: Thing, lang: str) -> list[Token]:
    """Accusative, as the object of a verb."""
    if thing.number:
        return counted(thing.noun, thing.number, lang)
    words = tokens(forms("objects", thing.noun, lang)[0], "NOUN", lang, role="O")
    if not thing.colour:
        return words
    form = adjective(thing.colour, thing.noun, lang)
    if lang == "en":
        return [words[0]._replace(text="a"), Token(form, "ADJ", "", "O"), *words[1:]]
    if lang == "de":
        form += _GERMAN_ACCUSATIVE[words[0].text]
        return [words[0], Token(form, "ADJ", "", "O"), *words[1:]]
    if lang == "zh":
        return [*words[:-1], Token(form, "ADJ", "", "O"), Token("的", "PART", "", "O"), words[-1]]
    if lang == "tr":
        return [Token(form, "ADJ", "", "O"), *words]
    if lang == "ru":
        form = russian_adjective(thing.colour, forms("objects", thing.noun, lang)[2], True)
        return [Token(form, "ADJ", "", "O"), *words]
    return [*words, *tokens(form, "NOUN" if " " in form else "ADJ", lang, role="O")]


def definite(noun: str, lang: str) -> list[Token]:
    """Nominative, as a subject: the hat."""
    if lang == "ru":
        return tokens(forms("objects", noun, lang)[1], "NOUN", lang, role="S")
    words = tokens(forms("objects", noun, lang)[0], "NOUN", lang, role="S")
    if lang == "tr":
        return words[1:]
    if lang == "sw":
        return words
    return [words[0]._replace(text=_DEFINITE[lang][words[0].text], tag="DET"), *words[1:]]


def counted(noun: str, number: str, lang: str) -> list[Token]:
    """A numeral and the noun (Chinese: with its classifier)."""
    cell = forms("counted", noun, lang)
    numeral = forms("numbers", number, lang)
    if lang == "sw":
        words = tokens(cell[0], "NOUN", lang, role="O")
        return [*words, Token(swahili_number(numeral[0], cell[1]), "NUM", "", "N")]
    form = numeral[0]
    noun_form = cell[0]
    if lang == "ru":
        if number == "two" and forms("objects", noun, lang)[2] == "f":
            form = numeral[1]
        if int(table("numbers")[number]["value"]) > 4:
            noun_form = cell[1]
    return [Token(form, "NUM", "", "N"), *tokens(noun_form, "NOUN", lang, role="O")]


def negated(words: list[Token], lang: str) -> list[Token]:
    """An indefinite object after a negated verb: keinen Apfel, ninguna manzana, pas de pomme."""
    if lang == "de" and words[0].text in _GERMAN_ACCUSATIVE:
        return [words[0]._replace(text="k" + words[0].text), *words[1:]]
    if lang == "es" and words[0].text in ("un", "una"):
        none = {"un": "ningún", "una": "ninguna"}[words[0].text]
        return [words[0]._replace(text=none), *words[1:]]
    if lang == "fr" and words[0].text in ("un", "une"):
        return [words[0]._replace(text="de", tag="ADP"), *words[1:]]
    if lang == "tr":
        return [word for word in words if word.text != "bir"]
    if lang == "zh" and words[0].text == "一":
        return words[2:]
    return words
