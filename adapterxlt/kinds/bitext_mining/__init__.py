"""Bitext mining: which sentences of two texts are translations of each other."""

from __future__ import annotations

from dataclasses import dataclass

from adapterxlt.kinds.kind import Kind


@dataclass(frozen=True, slots=True)
class MiningSet:
    """Bitext mining: sentences with ids on both sides, and the gold pairs of ids.

    `gold` is None where it is withheld. `target` is the English side.
    """

    language: str
    source_ids: tuple[str, ...]
    source: tuple[str, ...]
    target_ids: tuple[str, ...]
    target: tuple[str, ...]
    gold: frozenset[tuple[str, str]] | None


BITEXT_MINING = Kind(
    name="bitext_mining",
    example=MiningSet,
    pipeline="sentence-similarity",
    metrics=("f1", "precision", "recall"),
    mines=True,
)
