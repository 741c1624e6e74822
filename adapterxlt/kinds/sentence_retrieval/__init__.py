"""Sentence retrieval: translations in the same order, to be found by their vectors."""

from __future__ import annotations

from dataclasses import dataclass

from adapterxlt.kinds.kind import Kind


@dataclass(frozen=True, slots=True)
class Bitext:
    """Sentence retrieval: `source[i]` and `target[i]` are translations of each other.

    `target` is the English side.
    """

    language: str
    source: tuple[str, ...]
    target: tuple[str, ...]
    split: str = "test"


SENTENCE_RETRIEVAL = Kind(
    name="sentence_retrieval",
    example=Bitext,
    pipeline="sentence-similarity",
    metrics=("accuracy", "accuracy_xx_en"),
)
