"""`did you mean ...?` for names that are not known."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def suggest(name: str, known: Iterable[str], *, show: int = 12) -> str:
    """Return a hint for an unknown name: the closest known one, or the list of all.

    Args:
        name: what the user wrote.
        known: the names that would have been right.
        show: how many names to list when none is close.
    """
    names = sorted(known)
    close = closest(name, names)
    if close is not None:
        return f"did you mean `{close}`?"
    listed = ", ".join(names[:show]) + (", ..." if len(names) > show else "")
    return f"known: {listed}" if names else "none is known"


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant; None if none is close."""
    found = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return found[0] if found else None
