"""Names in messages: `did you mean ...?` for an unknown one, and the first few of a long list."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

# A list of up to MOST names is shown whole, of a longer one only NEAREST names.
MOST = 8
NEAREST = 5


def suggest(name: str, known: Iterable[str], *, see: str = "") -> str:
    """Return a hint for an unknown name: the known name that was meant, or the nearest few.

    Args:
        name: what the user wrote.
        known: the names that would have been right.
        see: the command that lists all of them.
    """
    names = sorted(set(known))  # stages of several recipes may have one name
    close = closest(name, names)
    if close is not None:
        return f"did you mean `{close}`?"
    if not names:
        return "none is known"
    if len(names) > MOST:
        names.sort(key=lambda each: -SequenceMatcher(None, name, each).ratio())
    return f"known: {few(names, see=see)}"


def few(names: Iterable[str], *, most: int = MOST, see: str = "") -> str:
    """Return names as a list; of more than `most`, the first few and how many more there are.

    Args:
        see: the command that lists all of them.
    """
    listed = list(names)
    if len(listed) <= most:
        return ", ".join(listed)
    shown = listed[: min(NEAREST, most)]
    rest = f"; see `{see}`" if see else ""
    return f"{', '.join(shown)} … and {len(listed) - len(shown)} more{rest}"


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant; None if none is close."""
    found = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None
