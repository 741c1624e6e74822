"""Counts right predictions; every value is in percent."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from adapterxlt.metrics.chunks import Tags


def accuracy(gold: Sequence[object], predicted: Sequence[object]) -> float:
    """Return the share of predictions that equal their gold label."""
    check_lengths(gold, predicted, "examples")
    return 100.0 * sum(g == p for g, p in zip(gold, predicted, strict=True)) / len(gold)


def token_accuracy(gold: Tags, predicted: Tags) -> float:
    """Return the share of words with the right tag, over all sentences."""
    check_tags(gold, predicted)
    return accuracy([t for tags in gold for t in tags], [t for tags in predicted for t in tags])


def set_scores(gold: Collection[object], predicted: Collection[object]) -> dict[str, float]:
    """Return `precision`, `recall` and `f1` of a set against the gold set (BUCC's pairs of ids)."""
    right, found = set(gold), set(predicted)
    both = len(right & found)
    if not both:
        return {"precision": 0.0, "recall": 0.0, "f1": 0.0}
    precision, recall = both / len(found), both / len(right)
    f1 = 2 * precision * recall / (precision + recall)
    return {"precision": 100 * precision, "recall": 100 * recall, "f1": 100 * f1}


def check_lengths(gold: Sequence[object], predicted: Sequence[object], what: str) -> None:
    """Raise ValueError unless there is one prediction for each gold item, and at least one."""
    if len(gold) != len(predicted):
        raise ValueError(f"{len(gold)} gold {what}, but {len(predicted)} predictions")
    if not gold:
        raise ValueError(f"no {what} to score")


def check_tags(gold: Tags, predicted: Tags) -> None:
    """Raise ValueError unless every word of every sentence has its predicted tag."""
    check_lengths(gold, predicted, "sentences")
    for number, (tags, guesses) in enumerate(zip(gold, predicted, strict=True)):
        if len(tags) != len(guesses):
            raise ValueError(f"sentence {number}: {len(tags)} words, {len(guesses)} predicted tags")
