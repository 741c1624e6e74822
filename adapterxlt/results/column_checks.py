"""Checks the columns of outcomes that metrics are computed from, as their files may be anyone's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

Column = npt.NDArray[Any]

_LABELS = 1 << 16  # labels that a task may have
_CELLS = 1 << 28  # examples times labels, as metrics of classes look at each label of each example
_EXACT = float(1 << 53)  # beyond it, whole numbers are not exact as floats
_LARGE = 1e100  # the squares of such numbers are still finite


@dataclass(frozen=True)
class _Range:
    """What a column may hold, ends included, and how a message calls it."""

    low: float
    high: float
    called: str


_LABEL = _Range(0, _LABELS - 1, "labels from 0")
_RANK = _Range(1, _EXACT, "ranks from 1")
_COUNT = _Range(0, _EXACT, "counts from 0")
_SHARE = _Range(-1e-6, 1 + 1e-6, "shares from 0 to 1")  # sums of floats may miss the ends a little
_FLAG = _Range(0, 1, "yes or no")
_NUMBER = _Range(-_LARGE, _LARGE, "numbers of at most 1e100")
_RANGES: dict[str, _Range] = {
    **dict.fromkeys(("gold", "predicted"), _LABEL),
    **dict.fromkeys(("rank", "rank_xx_en", "rank_csls", "rank_csls_xx_en"), _RANK),
    **dict.fromkeys(("right", "words", "true", "found", "both"), _COUNT),
    **dict.fromkeys(("found_tuned", "both_tuned", "tokens", "queries"), _COUNT),
    **dict.fromkeys(("exact", "f1", "ndcg"), _SHARE),
    "new_words": _FLAG,
    **dict.fromkeys(("gold_value", "predicted_value", "loss"), _NUMBER),
    **dict.fromkeys(("similarity", "shuffled"), _NUMBER),
}
COUNTS = frozenset(name for name, allowed in _RANGES.items() if allowed is _COUNT)
KNOWN = frozenset(_RANGES)  # columns of other names belong to packages, which know their meaning
_SEVERAL = ("gold", "predicted")  # may be [examples, labels]


def check_columns(columns: Mapping[str, Column], *, flags: str) -> None:
    """Check the columns of one block of outcomes.

    Args:
        flags: the name of the column that only holds yes or no.

    Raises:
        ValueError: a column holds what no measurement gives; the message names the column.
    """
    for name, column in columns.items():
        if name == flags and (column.dtype.kind != "b" or column.ndim > 1):
            raise ValueError(f"`column.{name}` does not hold yes or no")
        if name in KNOWN:
            _check(name, column)
    gold, predicted = (columns.get(name) for name in _SEVERAL)
    if gold is not None and predicted is not None and gold.shape != predicted.shape:
        raise ValueError("`column.gold` and `column.predicted` have different shapes")


def _check(name: str, column: Column) -> None:
    if column.ndim > 1 + (name in _SEVERAL):
        raise ValueError(f"`column.{name}` has {column.ndim} dimensions")
    if not column.size:
        return
    allowed = _RANGES[name]
    high = allowed.high
    if name in _SEVERAL and column.ndim == 1:
        high = min(high, _CELLS // len(column))
    for value in (column.min(), column.max()):
        if not allowed.low <= value <= high:
            shown = f"{allowed.called} to {high}" if allowed is _LABEL else allowed.called
            raise ValueError(f"`column.{name}` holds {value.item():.16g}, not {shown}")
