"""The texts of examples that are compared to find contamination."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.registry import kind_of


def texts_of(examples: Iterable[Example]) -> Iterator[str]:
    """Yield every distinct text that a model reads, in order of first appearance.

    These are both texts of a pair, a sentence's words joined by spaces, context and question, a
    choice's context and its candidates, and plain text as it is. A text that many examples share
    (a QA context) comes once.
    """
    seen: set[str] = set()
    for example in examples:
        for text in kind_of(example).texts(example):
            if text not in seen:
                seen.add(text)
                yield text
