"""F1 of labels in percent; an example has one label or several."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence

from adapterxlt.metrics.counts import check_lengths

Labels = Hashable | Collection[Hashable]


def micro_f1(gold: Sequence[Labels], predicted: Sequence[Labels]) -> float:
    """Return the F1 of all labels of all examples; with one label each, this is the accuracy."""
    right, guesses = _pairs(gold), _pairs(predicted)
    check_lengths(gold, predicted, "examples")
    return _f1(len(right & guesses), len(right), len(guesses))


def macro_f1(gold: Sequence[Labels], predicted: Sequence[Labels]) -> float:
    """Return the mean F1 of all labels that occur in the gold labels or the predictions."""
    check_lengths(gold, predicted, "examples")
    right, guesses = _pairs(gold), _pairs(predicted)
    both = _by_label(right & guesses)
    there, guessed = _by_label(right), _by_label(guesses)
    labels = there.keys() | guessed.keys()
    if not labels:
        return 0.0
    total = sum(
        _f1(both.get(label, 0), there.get(label, 0), guessed.get(label, 0))
        for label in sorted(labels, key=repr)
    )
    return total / len(labels)


def _pairs(side: Sequence[Labels]) -> set[tuple[int, Hashable]]:
    """Return each label together with the number of its example."""
    return {
        (number, label)
        for number, labels in enumerate(side)
        for label in (labels if isinstance(labels, list | tuple | set | frozenset) else (labels,))
    }


def _by_label(pairs: Collection[tuple[int, Hashable]]) -> dict[Hashable, int]:
    counts: dict[Hashable, int] = {}
    for _, label in pairs:
        counts[label] = counts.get(label, 0) + 1
    return counts


def _f1(both: int, right: int, guessed: int) -> float:
    return 100.0 * 2 * both / (right + guessed) if right + guessed else 0.0
