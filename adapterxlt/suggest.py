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
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    listed = ", ".join(names[:show]) + (", ..." if len(names) > show else "")
    return f"known: {listed}" if names else "none is known"
