"""Finds differences between texts that look alike: no-break spaces, decomposed letters, etc."""

from __future__ import annotations

import unicodedata


def same_to_the_eye(first: str, second: str) -> bool:
    """Whether texts are equal except for white space, invisible characters and normal forms."""
    return _seen(first) == _seen(second)


def difference(first: str, second: str) -> str:
    """The first place at which two texts differ: `character 4 is U+0020 (SPACE), not ...`.

    The number (from 1) and the character come from `first`; the character of `second` follows.
    """
    pairs = zip(first, second, strict=False)
    shared = min(len(first), len(second))
    place = next((i for i, (one, other) in enumerate(pairs) if one != other), shared)
    return f"character {place + 1} is {_point(first, place)}, not {_point(second, place)}"


def _seen(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    return "".join(each for each in plain if each.isprintable() and not each.isspace())


def _point(text: str, place: int) -> str:
    if place >= len(text):
        return "its end"
    name = unicodedata.name(text[place], "")
    return f"U+{ord(text[place]):04X}" + (f" ({name})" if name else "")
