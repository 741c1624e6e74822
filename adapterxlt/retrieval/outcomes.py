"""The outcomes of sentences and pairs in retrieval: ranks, and gold or found pairs."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from adapterxlt.kinds.bitext_mining import MiningSet
from adapterxlt.kinds.sentence_retrieval import Bitext
from adapterxlt.results.outcomes import GROUP, Outcomes
from adapterxlt.retrieval.bucc import Candidates
from adapterxlt.search.arrays import Ids
from adapterxlt.vectors.names import Pooling

BETWEEN = "\t"  # separates the two ids of a pair; no id can contain it


def rank_outcomes(
    bitext: Bitext, ranks: tuple[Ids, Ids], layer: int, pooling: Pooling | None
) -> Outcomes:
    """The rank of the translation for each pair of sentences, searched in both directions."""
    return Outcomes(
        language=bitext.language,
        split=bitext.split,
        ids=np.arange(len(ranks[0])),
        columns={"rank": ranks[0], "rank_xx_en": ranks[1]},
        layer=layer,
        pooling=pooling,
    )


def pair_outcomes(
    mining: MiningSet,
    candidates: Candidates,
    gold: Collection[tuple[int, int]],
    cuts: Mapping[str, float],
) -> Outcomes:
    """The outcomes of all pairs that are gold or found at a threshold, in the order of their rows.

    Pairs of the same source sentence have the same `group`, as only one of them can be right.

    Args:
        candidates: pairs as rows of the set.
        gold: pairs of rows.
        cuts: threshold by column: `found`, and `found_tuned` if that threshold differs.
    """
    rows = list(zip(candidates.source_idx.tolist(), candidates.target_idx.tolist(), strict=True))
    found = {
        name: {rows[place] for place in np.flatnonzero(candidates.scores >= least)}
        for name, least in cuts.items()
    }
    pairs = sorted(set(gold).union(*found.values()))
    true = np.array([pair in gold for pair in pairs], dtype=bool)
    columns = {"true": true}
    for name, taken in found.items():
        columns[name] = np.array([pair in taken for pair in pairs], dtype=bool)
        columns[name.replace("found", "both")] = columns[name] & true
    return Outcomes(
        language=mining.language,
        split="",
        ids=np.array(
            [f"{mining.source_ids[row]}{BETWEEN}{mining.target_ids[col]}" for row, col in pairs],
            dtype=np.str_,
        ),
        columns=columns | {GROUP: np.array([row for row, _ in pairs], dtype=np.int64)},
    )
