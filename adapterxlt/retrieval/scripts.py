"""Finds the script of a text: a cheap check whether a line can be in a language.

It distinguishes Russian from Thai, but not Russian from Bulgarian. To separate those, use a
language identifier before mining.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from adapterxlt.errors import UsageError
from adapterxlt.languages import parse_tag, suggest_language

# Share of a line's letters that must be of the language's scripts.
LEAST_SHARE = 0.5

_LATIN = (
    "af az br bs ca cs cy da de en eo es et eu fi fo fr fy ga gd gl ha hr hu ia id ie io is it jv "
    "ku kw la lt lv ms mt nb nl nn no oc om pl pt qu ro sk sl sq sv sw tk tl tr uz vi wo xh yo zu"
)
_CYRILLIC = "be bg kk ky mk mn ru tg tt uk"
SCRIPTS: dict[str, frozenset[str]] = {
    **{code: frozenset({"LATIN"}) for code in _LATIN.split()},
    **{code: frozenset({"CYRILLIC"}) for code in _CYRILLIC.split()},
    **{code: frozenset({"ARABIC"}) for code in ["ar", "fa", "ps", "sd", "ug", "ur"]},
    **{code: frozenset({"DEVANAGARI"}) for code in ["hi", "mr", "ne", "sa"]},
    **{code: frozenset({"HEBREW"}) for code in ["he", "yi"]},
    **{code: frozenset({"ETHIOPIC"}) for code in ["am", "ti"]},
    "sr": frozenset({"CYRILLIC", "LATIN"}),
    "bn": frozenset({"BENGALI"}),
    "el": frozenset({"GREEK"}),
    "gu": frozenset({"GUJARATI"}),
    "hy": frozenset({"ARMENIAN"}),
    "ja": frozenset({"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}),
    "ka": frozenset({"GEORGIAN"}),
    "km": frozenset({"KHMER"}),
    "kn": frozenset({"KANNADA"}),
    "ko": frozenset({"HANGUL", "CJK"}),
    "lo": frozenset({"LAO"}),
    "ml": frozenset({"MALAYALAM"}),
    "my": frozenset({"MYANMAR"}),
    "pa": frozenset({"GURMUKHI"}),
    "si": frozenset({"SINHALA"}),
    "ta": frozenset({"TAMIL"}),
    "te": frozenset({"TELUGU"}),
    "th": frozenset({"THAI"}),
    "zh": frozenset({"CJK", "BOPOMOFO"}),
}

# Scripts by their ISO 15924 code, which the code of a language may name (`srp_Latn`).
NAMED_SCRIPTS: dict[str, frozenset[str]] = {
    "Arab": SCRIPTS["ar"], "Armn": SCRIPTS["hy"], "Beng": SCRIPTS["bn"], "Cyrl": SCRIPTS["ru"],
    "Deva": SCRIPTS["hi"], "Ethi": SCRIPTS["am"], "Geor": SCRIPTS["ka"], "Grek": SCRIPTS["el"],
    "Gujr": SCRIPTS["gu"], "Guru": SCRIPTS["pa"], "Hang": SCRIPTS["ko"], "Hani": SCRIPTS["zh"],
    "Hans": SCRIPTS["zh"], "Hant": SCRIPTS["zh"], "Hebr": SCRIPTS["he"], "Jpan": SCRIPTS["ja"],
    "Khmr": SCRIPTS["km"], "Knda": SCRIPTS["kn"], "Kore": SCRIPTS["ko"], "Laoo": SCRIPTS["lo"],
    "Latn": SCRIPTS["en"], "Mlym": SCRIPTS["ml"], "Mymr": SCRIPTS["my"], "Sinh": SCRIPTS["si"],
    "Taml": SCRIPTS["ta"], "Telu": SCRIPTS["te"], "Thai": SCRIPTS["th"],
    "Olck": frozenset({"OL"}), "Orya": frozenset({"ORIYA"}), "Tfng": frozenset({"TIFINAGH"}),
    "Tibt": frozenset({"TIBETAN"}),
}  # fmt: skip


def scripts_of(language: str) -> frozenset[str]:
    """Return the scripts of a language by its code, or the script that the code names (`srp_Latn`).

    Raises:
        UsageError: the scripts of the language are not known here.
    """
    tag = parse_tag(language)
    if tag is not None and tag[1] in NAMED_SCRIPTS:
        return NAMED_SCRIPTS[tag[1]]
    if tag is None or tag[0] not in SCRIPTS:
        raise UsageError(
            f"the script of the language `{language}` is unknown",
            hint=suggest_language(language, SCRIPTS)
            + "; for any language, you can give a code with a script (`kas_Deva`)",
        )
    return SCRIPTS[tag[0]]


def is_written_in(text: str, scripts: frozenset[str]) -> bool:
    """True if at least half of the letters are of these scripts, and there is a letter."""
    letters = ours = 0
    for character in text:
        script = _script(character)
        if script:
            letters += 1
            ours += script in scripts
    return letters > 0 and ours >= LEAST_SHARE * letters


@lru_cache(maxsize=1 << 16)
def _script(character: str) -> str:
    """First word of the character's Unicode name if it is a letter, else empty."""
    if not character.isalpha():
        return ""
    name = unicodedata.name(character, "")
    return name.split()[0] if not name.startswith("FULLWIDTH LATIN") else "LATIN"
