"""F1 of examples that have labels by name, one or several; in percent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from adapterxlt.scoring.counts import check_lengths

Labels = Sequence[str]  # of one example


def f1_micro(gold: Sequence[Labels], predicted: Sequence[Labels]) -> float:
    """Over all labels of all examples at once."""
    check_lengths(gold, predicted, "examples")
    return _f1(
        [(n, label) for n, labels in enumerate(gold) for label in labels],
        [(n, label) for n, labels in enumerate(predicted) for label in labels],
    )


def f1_macro(gold: Sequence[Labels], predicted: Sequence[Labels], names: Sequence[str]) -> float:
    """The mean of the labels' own, each counting alike; 0 for one that nothing has.

    Args:
        names: the labels that count: of several an example, all there are; of one an example,
            those that occur (as scikit-learn has it).
    """
    check_lengths(gold, predicted, "examples")
    own = (
        _f1(
            [n for n, labels in enumerate(gold) if name in labels],
            [n for n, labels in enumerate(predicted) if name in labels],
        )
        for name in names
    )
    return sum(own) / len(names)


def _f1(gold: Iterable[object], predicted: Iterable[object]) -> float:
    right, found = set(gold), set(predicted)
    return 200 * len(right & found) / max(1, len(right) + len(found))
