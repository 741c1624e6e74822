"""Bitext mining: which sentences of two texts are translations of each other."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

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

    def first(self, count: int) -> MiningSet:
        """The first gold pairs, in the order of the sources, and as many other sentences a side."""
        place = {name: number for number, name in enumerate(self.source_ids)}
        pairs = sorted(self.gold or (), key=lambda pair: (place[pair[0]], pair[1]))
        kept = pairs[:count]

        def side(
            ids: tuple[str, ...], texts: tuple[str, ...], number: int
        ) -> tuple[tuple[str, ...], tuple[str, ...]]:
            paired = {pair[number] for pair in kept}
            unpaired = set(ids) - {pair[number] for pair in pairs}
            wanted = paired.union(islice((name for name in ids if name in unpaired), count))
            rows = [row for row, name in enumerate(ids) if name in wanted]
            return tuple(ids[row] for row in rows), tuple(texts[row] for row in rows)

        source_ids, source = side(self.source_ids, self.source, 0)
        target_ids, target = side(self.target_ids, self.target, 1)
        gold = None if self.gold is None else frozenset(kept)
        return MiningSet(self.language, source_ids, source, target_ids, target, gold)


BITEXT_MINING = Kind(
    name="bitext_mining",
    example=MiningSet,
    pipeline="sentence-similarity",
    metrics=("f1", "precision", "recall"),
    mines=True,
)
