"""Inputs as people give them in Python: one, or many of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from adapterxlt.errors import UsageError
from adapterxlt.kinds.facts import Example
from adapterxlt.kinds.given import shown
from adapterxlt.kinds.kind import Kind
from adapterxlt.kinds.registry import get_kind


def is_one(given: object, kind: Kind) -> bool:
    """Whether something is one input rather than many of them.

    A text, a tuple, a mapping or an example is one; so is a list of words, where words are tagged.
    Any other list, and whatever else can be gone through, is many.
    """
    if isinstance(given, str | tuple | Mapping | kind.example) or not isinstance(given, Iterable):
        return True
    return kind.of_words and isinstance(given, list) and bool(given) and isinstance(given[0], str)


def examples_of(given: Iterable[object], kind: str) -> Iterator[Example]:
    """An example of each input, made as it is asked for.

    Raises:
        UsageError: one of them cannot be an input of this kind; says which.
    """
    for number, each in enumerate(given):
        try:
            yield example_of(each, kind, str(number))
        except ValueError as error:
            raise UsageError(f"input {number}: {error}") from None


def example_of(given: object, kind: str, name: str) -> Example:
    """The example of an input.

    Args:
        name: its id.

    Raises:
        ValueError: it cannot be an input of this kind; says why.
    """
    found = get_kind(kind)
    if isinstance(given, found.example):
        return cast(Example, given)
    if found.given is None:
        raise ValueError(f"must be a `{found.example.__name__}`, not {shown(given)}")
    made: Example = found.given(given, name)
    return made
