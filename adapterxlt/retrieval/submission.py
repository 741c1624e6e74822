"""Predictions of retrieval in the form of an XTREME submission."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapterxlt.kinds.bitext_mining import MiningSet
from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.retrieval.bucc import Candidates
from adapterxlt.retrieval.protocols import LayerRule


@dataclass
class Submission:
    """Predictions of one layer, filled in by `retrieve_tatoeba` and `retrieve_bucc`.

    Args:
        layer: number of the hidden state.
        lines: the lines of each file, by language and split.
    """

    layer: int
    lines: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    def add_tatoeba(self, bitext: Bitext, nearest: Sequence[int]) -> None:
        """Add the line number, from 0, of the foreign sentence that each English one found.

        The order is that of XTREME's English file: stripped lines, sorted by code points.

        Args:
            nearest: the foreign row, by English row.
        """
        english = [sentence.strip() for sentence in bitext.target]
        order = sorted(range(len(english)), key=english.__getitem__)
        self.lines[bitext.language, bitext.split] = [str(nearest[row]) for row in order]

    def add_bucc(
        self, mining: MiningSet, split: str, candidates: Candidates, threshold: float
    ) -> None:
        """Add the ids of the pairs that score at least `threshold`, best first."""
        taken = int((candidates.scores >= threshold).sum())
        rows = zip(
            candidates.source_idx[:taken].tolist(),
            candidates.target_idx[:taken].tolist(),
            strict=True,
        )
        self.lines[mining.language, split] = [
            f"{mining.source_ids[source]}\t{mining.target_ids[target]}" for source, target in rows
        ]


def submitted_layer(layers: Sequence[int], rule: LayerRule, depth: int) -> int:
    """Return the layer to submit: the only one measured, else the protocol's own.

    It is never chosen by the scores on test.
    """
    return layers[0] if len(layers) == 1 else rule.layer(depth)
