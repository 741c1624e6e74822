"""Tatoeba: which sentence is the translation?"""

from __future__ import annotations

import numpy as np

from adapterxlt.errors import AdapterXLTError
from adapterxlt.retrieval.index import Floats, search


def tatoeba_accuracy(foreign: Floats, english: Floats) -> dict[str, float]:
    """Percent of sentences whose nearest neighbour on the other side is their translation.

    Args:
        foreign: [n, dim] vectors, row i the translation of row i of `english`.
        english: [n, dim] vectors.

    Returns:
        `accuracy`: English sentences look among the foreign ones (XTREME's direction);
        `accuracy_xx_en`: the other direction.
    """
    if len(foreign) != len(english):
        raise AdapterXLTError(
            f"{len(foreign)} foreign and {len(english)} English sentences are not aligned"
        )
    return {
        "accuracy": _top1(english, foreign),
        "accuracy_xx_en": _top1(foreign, english),
    }


def _top1(queries: Floats, base: Floats) -> float:
    _, ids = search(queries, base, 1)
    return 100.0 * float(np.mean(ids[:, 0] == np.arange(len(queries))))
