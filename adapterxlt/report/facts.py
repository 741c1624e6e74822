"""Reads facts that the report adds: facts about languages, and published values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from adapterxlt.languages import parse_tag

_FOLDER = Path(__file__).parent / "data"
FACETS = ("class", "script", "family", "language")


@dataclass(frozen=True)
class Published:
    """A value of a publication.

    Args:
        backbone, method, intermediate: describe the model; `intermediate` is "" for none.
        protocol: the protocol that it was measured by.
        pooling: how vectors were pooled in retrieval, which is the protocol's own way; "" for
            trained models.
        languages: the languages of the mean, or the only language.
        source: where the value was read.
    """

    task: str
    split: str
    metric: str
    backbone: str
    method: str
    intermediate: str
    protocol: str
    pooling: str
    languages: tuple[str, ...]
    value: float
    source: str


def facet_of(language: str, facet: str) -> str:
    """Return the group of a language: its class of resources, script or family, or itself."""
    if facet == "language":
        return language
    code, script = parse_tag(language) or (language, "")
    usual, family, resources = _languages().get(code, ("", "", ""))
    found = {"class": resources, "script": script or usual, "family": family}[facet]
    return found if found and found != "-" else "not known"


@lru_cache(maxsize=1)
def _languages() -> dict[str, tuple[str, str, str]]:
    return {code: (script, family, resources)
            for code, _name, script, family, resources in _lines("languages.tsv")}  # fmt: skip


@lru_cache(maxsize=1)
def published() -> tuple[Published, ...]:
    """Return all published values."""
    return tuple(
        Published(task, split, metric, backbone, method, _given(before), protocol, _given(pooling),
                  tuple(languages.split()), float(value), source)
        for (task, split, metric, backbone, method, before, protocol, pooling, languages, value,
             source) in _lines("published.tsv")
    )  # fmt: skip


def _given(text: str) -> str:
    return "" if text == "-" else text


def _lines(name: str) -> Iterator[list[str]]:
    text = (_FOLDER / name).read_text(encoding="utf-8")
    yield from (line.split("\t") for line in text.splitlines() if line and line[0] != "#")
