"""Scores files of tags by the official chunk scores, and by accuracy too."""

from __future__ import annotations

from collections.abc import Collection

from adapterxlt.benchmarks.reading import in_sentences, require_known, same_sentences, tag_lines
from adapterxlt.benchmarks.spec import Pair, Scored
from adapterxlt.benchmarks.strange import strange_labels
from adapterxlt.metrics.chunks import Tags, chunk_scores
from adapterxlt.metrics.counts import token_accuracy

UNTAGGED = ("_",)  # the tag of parts of words in Universal Dependencies


def score_tags(pair: Pair, *, further: Collection[str] = (), pad: bool = False) -> Scored:
    """Return `precision`, `recall` and `f1` of chunks, and `token_accuracy` of words.

    Args:
        further: tags in the files that are not among the task's labels.
        pad: fill sentences with too few predicted tags with `O` (XGLUE).
    """
    known = (*pair.known, *further)
    lines = [list(tag_lines(path)) for path in (pair.labels, pair.predictions)]
    gold, predicted = map(in_sentences, lines)
    tags_of_all = [tag for tags in gold for tag in tags]
    # Sentences without any entity are common, but sentences of nouns alone are not.
    count = len(gold) if "O" in tags_of_all else None
    same = require_known(pair.labels, tags_of_all, known, count=count)
    padded = same_sentences(gold, predicted, pair.predictions, pad=pad)
    placed_gold, placed_predicted = ([each for each in side if each[1]] for side in lines)
    strange = strange_labels(
        pair,
        placed_gold,
        placed_predicted,
        known,
        "the score treats them as further tags, like the official script",
    )
    remarks = [*strange]
    if short := sum(len(a) < len(b) for a, b in zip(predicted, gold, strict=True)):
        remarks.append(
            f"{short} of {len(gold)} sentences have too few tags, which were filled up with `O`"
        )
    if not strange:
        remarks += _remark_scheme(gold, predicted)
    return Scored(
        {**chunk_scores(gold, padded), "token_accuracy": token_accuracy(gold, padded)},
        remarks,
        same,
    )


def _remark_scheme(gold: Tags, predicted: Tags) -> list[str]:
    """Remark that one file begins chunks with B- and the other never does."""
    prefixes = {"the labels": _prefixes(gold), "the predictions": _prefixes(predicted)}
    begin = [side for side, found in prefixes.items() if "B" in found]
    never = [side for side, found in prefixes.items() if found == {"I"}]
    if not begin or not never:
        return []
    return [
        (
            f"{begin[0]} begin chunks with B-, but {never[0]} never do (they may use IOB1): the "
            "score accepts both, but merges adjacent chunks of one type"
        )
    ]


def _prefixes(sentences: Tags) -> set[str]:
    return {tag[0] for tags in sentences for tag in tags if tag[:2] in ("B-", "I-")}
