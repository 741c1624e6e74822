"""Precision, recall and F1 of chunks, as seqeval 0.0.12 reads them off raw tags.

XTREME and XGLUE were published with this release (both leave it to the user to install; jiant
pins it). It differs from seqeval 1.x on tags without a BIO prefix: there `X` after `O` starts no
chunk, here it does. On BIO tags the two agree.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Tags = Sequence[Sequence[str]]
Chunk = tuple[str, int, int]


def chunk_scores(gold: Tags, predicted: Tags) -> dict[str, float]:
    """Micro-averaged `precision`, `recall` and `f1` in percent; 0 where there is nothing to count.

    Args:
        gold: the tags of each sentence, none of them empty.
        predicted: as many sentences of as many tags.
    """
    right, found = chunks(gold), chunks(predicted)
    both = len(right & found)
    precision = both / len(found) if found else 0.0
    recall = both / len(right) if right else 0.0
    total = precision + recall
    f1 = 2 * precision * recall / total if total > 0 else 0.0
    return {"precision": 100 * precision, "recall": 100 * recall, "f1": 100 * f1}


def chunk_counts(gold: Tags, predicted: Tags) -> dict[str, npt.NDArray[np.int64]]:
    """How many chunks of each sentence are `true`, `found`, or `both`.

    Args:
        gold, predicted: as of `chunk_scores`.
    """
    right, found = chunks(gold), chunks(predicted)
    starts = np.cumsum([0, *(len(tags) + 1 for tags in gold)])

    def count(some: set[Chunk]) -> npt.NDArray[np.int64]:
        firsts = np.array([first for _, first, _ in some], dtype=np.int64)
        sentences = np.searchsorted(starts, firsts, side="right") - 1
        return np.bincount(sentences, minlength=len(gold)).astype(np.int64)

    return {"true": count(right), "found": count(found), "both": count(right & found)}


def chunks(sentences: Tags) -> set[Chunk]:
    """Every chunk as (type, first, last), positions counted over all sentences.

    The first letter of a tag is its prefix, what follows its last hyphen its type: `NOUN` is an
    `N` of type `NOUN`. Sentences are joined by `O`.
    """
    found: set[Chunk] = set()
    before, before_type, start = "O", "", 0
    flat = [tag for tags in sentences for tag in (*tags, "O")]
    for position, tag in enumerate([*flat, "O"]):
        prefix, kind = tag[0], tag.rpartition("-")[2]
        changes = kind != before_type
        if _ends(before, prefix, changes):
            found.add((before_type, start, position - 1))
        if _starts(before, prefix, changes):
            start = position
        before, before_type = prefix, kind
    return found


def _ends(before: str, prefix: str, changes: bool) -> bool:
    """Whether a chunk ends between two tags, of whose prefixes and types this is known."""
    if before in "ES":
        return True
    if before in "BI" and prefix in "BSO":
        return True
    return changes and before not in "O."


def _starts(before: str, prefix: str, changes: bool) -> bool:
    if prefix in "BS":
        return True
    if before in "ESO" and prefix in "EI":
        return True
    return changes and prefix not in "O."
