"""Inputs as users give them in Python: one, or many."""

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

    A text, a tuple, a mapping or an example is one input. A list of words is one if words are
    tagged. Any other list or iterable is many inputs.
    """
    if isinstance(given, str | tuple | Mapping | kind.example) or not isinstance(given, Iterable):
        return True
    return kind.of_words and isinstance(given, list) and bool(given) and isinstance(given[0], str)


def examples_of(given: Iterable[object], kind: str) -> Iterator[Example]:
    """Make an example of each input when it is needed.

    Raises:
        UsageError: one of them is not an input of this kind; the message says which.
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
        ValueError: it is not an input of this kind; the message says why.
    """
    found = get_kind(kind)
    if isinstance(given, found.example):
        return cast(Example, given)
    if found.given is None:
        raise ValueError(f"must be a `{found.example.__name__}`, not {shown(given)}")
    made: Example = found.given(given, name)
    return made
