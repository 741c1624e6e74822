"""The kinds of tasks: built-in ones, and those that installed packages add."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint

from adapterxlt import plugins
from adapterxlt.errors import UsageError
from adapterxlt.kinds.bitext_mining import BITEXT_MINING
from adapterxlt.kinds.kind import Head, Kind
from adapterxlt.kinds.mlm import MLM
from adapterxlt.kinds.multiple_choice import MULTIPLE_CHOICE
from adapterxlt.kinds.pair_classification import PAIR_CLASSIFICATION
from adapterxlt.kinds.regression import REGRESSION
from adapterxlt.kinds.sentence_retrieval import SENTENCE_RETRIEVAL
from adapterxlt.kinds.span_qa import SPAN_QA
from adapterxlt.kinds.tagging import TAGGING
from adapterxlt.kinds.text_classification import TEXT_CLASSIFICATION
from adapterxlt.suggest import suggest

KINDS: dict[str, Kind] = {
    found.name: found
    for found in (
        PAIR_CLASSIFICATION,
        TAGGING,
        SPAN_QA,
        MULTIPLE_CHOICE,
        MLM,
        TEXT_CLASSIFICATION,
        REGRESSION,
        SENTENCE_RETRIEVAL,
        BITEXT_MINING,
    )
}


def get_kind(name: str) -> Kind:
    """Return the kind of this name.

    Raises:
        UsageError: there is none; the hint names the closest.
        PluginError: a package adds it that cannot be used.
    """
    added = _entries()
    if name in KINDS:
        return KINDS[name]
    if name not in added:
        known = (*KINDS, *added)
        raise UsageError(f"unknown kind of task `{name}`", hint=suggest(name, known))
    return _added(name, added[name].value)


def kind_of(example: object) -> Kind:
    """The kind whose examples are of the class that this one is of.

    Raises:
        UsageError: it is not an example of any kind.
    """
    for found in _each():
        if isinstance(example, found.example):
            return found
    raise UsageError(f"a `{type(example).__name__}` is not an example of any kind of task")


def with_heads() -> dict[str, Head]:
    """The heads of all kinds that have one, by the kinds' names: the project's own first."""
    return {found.name: found.head for found in _each() if found.head is not None}


def trainable() -> tuple[Kind, ...]:
    """The project's own kinds that models are trained on."""
    return tuple(found for found in KINDS.values() if found.trainable)


def _each() -> Iterator[Kind]:
    """The project's own kinds, then those of packages, which are imported only when needed."""
    yield from KINDS.values()
    yield from map(get_kind, sorted(_entries()))


def _entries() -> Mapping[str, EntryPoint]:
    """The kinds that packages add."""
    added = plugins.added("kinds", KINDS, "kind")
    return added


@cache
def _added(name: str, place: str) -> Kind:
    found = plugins.load("kinds", name)
    origin = plugins.origin(plugins.entries("kinds")[name])
    if not isinstance(found, Kind) or found.name != name:
        raise plugins.PluginError(
            f"`{place}` of {origin} is not a kind of task called `{name}`",
            hint="its entry point must name an `adapterxlt.kinds.kind.Kind` of that name",
        )
    return found
