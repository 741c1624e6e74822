"""From tokens to running text: elision, spaces, capitals, punctuation of each language."""

from __future__ import annotations

from tools.pocket.lexicon import Token

_VOWELS = "aeiouyàâéèêëîïôœùûh"
_ASPIRATED = ("hamb", "harv")  # h-initial names before which nothing is elided
_ELIDED = {"le": "l'", "la": "l'", "de": "d'", "que": "qu'", "ne": "n'", "se": "s'"}


def elide(words: list[Token]) -> list[Token]:
    """French le, la, de, que, ne, se before a vowel or a mute h."""
    result = []
    for this, following in zip(words, [*words[1:], Token("", "")], strict=True):
        start = following.text.lower()
        short = _ELIDED.get(this.text)
        if short and start and start[0] in _VOWELS and not start.startswith(_ASPIRATED):
            this = this._replace(text=short)
        result.append(this)
    return result


def capital(word: str, lang: str) -> str:
    """First letter in upper case; Turkish i has a dot in upper case too."""
    if lang == "tr" and word[:1] == "i":
        return "İ" + word[1:]
    return word[:1].upper() + word[1:]


def finish(words: list[Token], lang: str, mark: str = ".") -> list[Token]:
    """A whole sentence: elision, capital letter and the final mark ("." or "?")."""
    words = elide(words) if lang == "fr" else list(words)
    words[0] = words[0]._replace(text=capital(words[0].text, lang))
    if lang == "es" and mark == "?":
        words.insert(0, Token("¿", "PUNCT"))
    if lang == "zh":
        mark = {".": "。", "?": "？"}[mark]
    return [*words, Token(mark, "PUNCT")]


def _glue(left: str, right: str, lang: str) -> str:
    if lang == "zh":
        latin = left[-1].isascii() and left[-1].isalnum() and right[0].isascii()
        return " " if latin and right[0].isalnum() else ""
    if left == "¿" or (lang == "fr" and left.endswith("'")):
        return ""
    if right in ".," or (right == "?" and lang != "fr"):
        return ""
    return " "


def join(words: list[Token], lang: str) -> tuple[str, list[tuple[int, int]]]:
    """The text and the (start, end) character offsets of every token in it."""
    text = ""
    spans = []
    for at, word in enumerate(words):
        if at:
            text += _glue(words[at - 1].text, word.text, lang)
        spans.append((len(text), len(text) + len(word.text)))
        text += word.text
    return text, spans


def written(words: list[Token], lang: str, mark: str = ".") -> str:
    return join(finish(words, lang, mark), lang)[0]
