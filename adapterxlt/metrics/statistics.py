"""Metrics as functions of outcomes: what each example adds to sums, and the value of the sums.

An outcome is the result of one example, in named columns (`docs/explanations/statistics.md`). If a
metric is a function of sums over examples, it can be computed again for any sample of them. If it
is not (a correlation of ranks), it is computed from weights of the examples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[Any]
Columns = Mapping[str, Column]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Statistic:
    """How a metric is computed from outcomes.

    Args:
        needs: the columns that it is computed from.
        parts: returns what each example adds to each sum, [examples, sums]. Sums at the end that
            are always 0 (classes that do not occur) may be left out.
        value: returns the metric for sums [..., sums]; without any example it may be NaN.
        weighted: replaces both: returns the metric for weights [samples, examples].
    """

    needs: tuple[str, ...]
    parts: Callable[[Columns], Doubles] | None = None
    value: Callable[[Doubles], Doubles] | None = None
    weighted: Callable[[Columns, Doubles], Doubles] | None = None

    def of(self, columns: Columns) -> float:
        """Return the metric of all examples, each counted once."""
        if self.weighted is not None:
            count = len(next(iter(columns.values())))
            return float(self.weighted(columns, np.ones((1, count)))[0])
        assert self.parts is not None
        assert self.value is not None
        # Examples are added one after the other, as in the metrics themselves.
        return float(self.value(np.cumsum(self.parts(columns), axis=0)[-1]))


def fitting(statistics: Sequence[Statistic], columns: Columns) -> Statistic | None:
    """Return the first statistic that can be computed from such columns."""
    return next((one for one in statistics if set(one.needs) <= columns.keys()), None)


def stacked(*columns: Any) -> Doubles:
    """Put columns side by side; a number becomes a column of that number."""
    length = max(np.size(column) for column in columns)
    wide = [np.broadcast_to(np.asarray(column, dtype=np.float64), length) for column in columns]
    return np.stack(wide, axis=1)


def ratio(above: Any, below: Any) -> Doubles:
    """Return `above / below`; 0 where `below` is 0."""
    above, below = np.broadcast_arrays(np.asarray(above, float), np.asarray(below, float))
    found: Doubles = np.divide(above, below, out=np.zeros(above.shape), where=below != 0)
    return found


def mean_of(name: str) -> Statistic:
    """Return the statistic for the mean of a column, in percent."""
    return Statistic((name,), lambda columns: stacked(columns[name], 1), _percent)


def _percent(sums: Doubles) -> Doubles:
    return np.asarray(100.0 * sums[..., 0] / sums[..., 1])


def _same(columns: Columns) -> Column:
    gold, predicted = columns["gold"], columns["predicted"]
    same = gold == predicted
    return np.asarray(same.all(axis=1) if same.ndim > 1 else same)


def _whole(columns: Columns) -> Column:
    """Return whether every word of a sentence is right."""
    return np.asarray(columns["right"] == columns["words"])


def _of_ranks(name: str, value: Callable[[Column], Column]) -> Statistic:
    return Statistic((name,), lambda columns: stacked(value(columns[name]), 1), _percent)


def _first_of(name: str, among: str) -> Statistic:
    """Return the share of the examples that a column of yes and no marks whose rank is 1."""
    return Statistic(
        (name, among),
        lambda columns: stacked((columns[name] == 1) * columns[among], columns[among]),
        lambda sums: 100.0 * ratio(sums[..., 0], sums[..., 1]),
    )


def _mean_cosine(name: str, value: Callable[[Columns], Column], *more: str) -> Statistic:
    return Statistic(
        (name, *more),
        lambda columns: stacked(value(columns).astype(np.float64), 1),
        lambda sums: ratio(sums[..., 0], sums[..., 1]),
    )


def _chunk(pick: Callable[[Doubles, Doubles], Doubles]) -> Statistic:
    """Return a statistic of chunks; `pick` takes precision and recall."""

    def value(sums: Doubles) -> Doubles:
        true, found, both = sums[..., 0], sums[..., 1], sums[..., 2]
        return 100.0 * pick(ratio(both, found), ratio(both, true))

    needs = ("true", "found", "both")
    return Statistic(needs, lambda columns: stacked(*map(columns.__getitem__, needs)), value)


def _harmonic(precision: Doubles, recall: Doubles) -> Doubles:
    return ratio(2 * precision * recall, precision + recall)


def _second_class(columns: Columns) -> Doubles:
    """Return five sums: right examples, all examples; true, found and both of the second class."""
    true, found = columns["gold"] == 1, columns["predicted"] == 1
    return stacked(_same(columns), 1, true, found, true & found)


def _second_class_f1(sums: Doubles) -> Doubles:
    precision, recall = ratio(sums[..., 4], sums[..., 3]), ratio(sums[..., 4], sums[..., 2])
    return 100.0 * _harmonic(precision, recall)


def _by_class(columns: Columns) -> Doubles:
    """Return three sums for each class: true, found and both."""
    gold, predicted = _one_hot(columns["gold"]), _one_hot(columns["predicted"])
    classes = max(gold.shape[1], predicted.shape[1])
    gold, predicted = (
        np.pad(side, ((0, 0), (0, classes - side.shape[1]))) for side in (gold, predicted)
    )
    sums = np.stack([gold, predicted, gold & predicted], axis=2)
    return sums.reshape(len(gold), 3 * classes).astype(np.float64)


def _one_hot(column: Column) -> npt.NDArray[np.bool_]:
    if column.ndim > 1:
        return column.astype(bool)
    return np.asarray(column[:, None] == np.arange(int(column.max()) + 1))


def _macro(sums: Doubles) -> Doubles:
    true, found, both = sums[..., 0::3], sums[..., 1::3], sums[..., 2::3]
    scores = ratio(100.0 * 2 * both, true + found)
    return ratio(scores.sum(axis=-1), ((true + found) > 0).sum(axis=-1))


def _micro(sums: Doubles) -> Doubles:
    true, found, both = (sums[..., place::3].sum(axis=-1) for place in range(3))
    return ratio(100.0 * 2 * both, true + found)


def _moments(columns: Columns) -> Doubles:
    gold = columns["gold_value"].astype(np.float64)
    middle = gold.mean()  # used for both sides, so that models can be compared
    x, y = gold - middle, columns["predicted_value"].astype(np.float64) - middle
    return stacked(1, x, y, x * x, y * y, x * y)


def _correlation(sums: Doubles) -> Doubles:
    count, x, y, xx, yy, xy = (sums[..., place] for place in range(6))
    wide, high = xx - ratio(x * x, count), yy - ratio(y * y, count)
    # Rounding errors of equal numbers must not count as variance.
    flat = (wide <= 1e-12 * xx) | (high <= 1e-12 * yy)
    size = np.sqrt(np.maximum(wide, 0) * np.maximum(high, 0))
    found = np.where(flat, 0.0, ratio(xy - ratio(x * y, count), size))
    return 100.0 * np.clip(found, -1.0, 1.0)


def _rank_correlation(columns: Columns, weights: Doubles) -> Doubles:
    x, y = (_ranks(columns[side], weights) for side in _VALUES)
    count = weights.sum(axis=1, keepdims=True)
    x, y = (side - ratio((weights * side).sum(axis=1, keepdims=True), count) for side in (x, y))
    xx, yy, xy = ((weights * a * b).sum(axis=1) for a, b in ((x, x), (y, y), (x, y)))
    return 100.0 * np.clip(ratio(xy, np.sqrt(xx * yy)), -1.0, 1.0)


def _ranks(column: Column, weights: Doubles) -> Doubles:
    """Return the rank of each example under the weights; equal numbers share their mean rank."""
    _, place = np.unique(column, return_inverse=True)
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    each = np.add.reduceat(weights[:, order], starts, axis=1)
    below = np.cumsum(each, axis=1) - each
    return np.asarray((below + (each - 1) / 2)[:, place])


def _mean_loss(sums: Doubles) -> Doubles:
    return ratio(sums[..., 0], np.maximum(1, sums[..., 1]))


def _losses(columns: Columns) -> Doubles:
    return stacked(columns["loss"], columns["tokens"])


_LABELS = ("gold", "predicted")
_WORDS = ("right", "words")
_VALUES = ("gold_value", "predicted_value")
_EITHER = ("rank", "rank_xx_en")
STATISTICS: dict[str, tuple[Statistic, ...]] = {
    "accuracy": (
        _of_ranks("rank", lambda rank: rank == 1),
        Statistic(_LABELS, lambda columns: stacked(_same(columns), 1), _percent),
        Statistic(_WORDS, lambda columns: stacked(_whole(columns), 1), _percent),
    ),
    "accuracy_xx_en": (_of_ranks("rank_xx_en", lambda rank: rank == 1),),
    "accuracy_both": (
        Statistic(
            _EITHER,
            lambda columns: stacked(sum((columns[side] == 1).astype(int) for side in _EITHER), 2),
            _percent,
        ),
    ),
    "p_at_5": (_of_ranks("rank", lambda rank: rank <= 5),),
    "p_at_5_xx_en": (_of_ranks("rank_xx_en", lambda rank: rank <= 5),),
    "p_at_1": (_of_ranks("rank", lambda rank: rank == 1),),
    "p_at_1_xx_en": (_of_ranks("rank_xx_en", lambda rank: rank == 1),),
    "new_words_p_at_1": (_first_of("rank", "new_words"),),
    "new_words_p_at_1_xx_en": (_first_of("rank_xx_en", "new_words"),),
    "csls_p_at_1": (_of_ranks("rank_csls", lambda rank: rank == 1),),
    "csls_p_at_1_xx_en": (_of_ranks("rank_csls_xx_en", lambda rank: rank == 1),),
    "similarity": (_mean_cosine("similarity", lambda columns: columns["similarity"]),),
    "similarity_shuffled": (_mean_cosine("shuffled", lambda columns: columns["shuffled"]),),
    "similarity_gap": (
        _mean_cosine(
            "similarity", lambda columns: columns["similarity"] - columns["shuffled"], "shuffled"
        ),
    ),
    "mrr": (_of_ranks("rank", lambda rank: 1.0 / rank),),
    "mrr_xx_en": (_of_ranks("rank_xx_en", lambda rank: 1.0 / rank),),
    "token_accuracy": (
        Statistic(_WORDS, lambda columns: stacked(columns["right"], columns["words"]), _percent),
    ),
    "exact_match": (mean_of("exact"),),
    "f1": (
        mean_of("f1"),
        _chunk(_harmonic),
        Statistic(_LABELS, _second_class, _second_class_f1),
    ),
    "precision": (_chunk(lambda precision, recall: precision),),
    "recall": (_chunk(lambda precision, recall: recall),),
    "accuracy_and_f1": (
        Statistic(
            _LABELS, _second_class, lambda sums: (_percent(sums) + _second_class_f1(sums)) / 2
        ),
    ),
    "macro_f1": (Statistic(_LABELS, _by_class, _macro),),
    "micro_f1": (Statistic(_LABELS, _by_class, _micro),),
    "ndcg": (
        Statistic(
            ("ndcg", "queries"),
            lambda columns: stacked(columns["ndcg"], columns["queries"]),
            lambda sums: 100.0 * ratio(sums[..., 0], sums[..., 1]),
        ),
    ),
    "pearson": (Statistic(_VALUES, _moments, _correlation),),
    "spearman": (Statistic(_VALUES, weighted=_rank_correlation),),
    "loss": (Statistic(("loss", "tokens"), _losses, _mean_loss),),
    "perplexity": (
        Statistic(
            ("loss", "tokens"), _losses, lambda sums: np.exp(np.minimum(_mean_loss(sums), 700.0))
        ),
    ),
    "f1_tuned": (
        Statistic(
            ("true", "found_tuned", "both_tuned"),
            lambda columns: stacked(columns["true"], columns["found_tuned"], columns["both_tuned"]),
            lambda sums: 100.0 * ratio(2 * sums[..., 2], sums[..., 0] + sums[..., 1]),
        ),
    ),
}
