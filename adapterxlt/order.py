"""Sorts names so that each comes after all that it needs; chains can be long."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def in_order(starts: Iterable[str], needs: Callable[[str], Iterable[str]]) -> list[str]:
    """The names and all they need, each once and after all that it needs, otherwise as given.

    What needs itself, directly or not, comes once too: before something that it needs.
    """
    order: list[str] = []
    seen: set[str] = set()
    for start in starts:
        if start in seen:
            continue
        seen.add(start)
        pending = [(start, iter(needs(start)))]
        while pending:
            name, rest = pending[-1]
            needed = next((other for other in rest if other not in seen), None)
            if needed is None:
                order.append(name)
                pending.pop()
            else:
                seen.add(needed)
                pending.append((needed, iter(needs(needed))))
    return order
