"""Precision, recall and F1 of chunks, as seqeval 0.0.12 reads them from raw tags.

XTREME and XGLUE were published with this release (both leave its installation to the user; jiant
pins it). It differs from seqeval 1.x on tags without a BIO prefix: `X` after `O` starts a chunk
here, but not in 1.x. On BIO tags the two agree.
"""

from __future__ import annotations

from collections.abc import Sequence

Tags = Sequence[Sequence[str]]
Chunk = tuple[str, int, int]


def chunk_scores(gold: Tags, predicted: Tags) -> dict[str, float]:
    """Return micro-averaged `precision`, `recall` and `f1` in percent; 0 if there are no chunks.

    Args:
        gold: the tags of each sentence; no tag is empty.
        predicted: the same number of sentences with the same numbers of tags.
    """
    right, found = chunks(gold), chunks(predicted)
    both = len(right & found)
    precision = both / len(found) if found else 0.0
    recall = both / len(right) if right else 0.0
    total = precision + recall
    f1 = 2 * precision * recall / total if total > 0 else 0.0
    return {"precision": 100 * precision, "recall": 100 * recall, "f1": 100 * f1}


def chunks(sentences: Tags) -> set[Chunk]:
    """Return every chunk as (type, first, last); positions are counted over all sentences.

    The first letter of a tag is its prefix, and the part after its last hyphen is its type: `NOUN`
    is an `N` of type `NOUN`. Sentences are joined by `O`.
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
    """Whether a chunk ends between two tags, given their prefixes and whether the type changes."""
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
