"""Columns of outcomes that no measurement gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from adapterxlt.metrics.statistics import STATISTICS
from adapterxlt.results.column_checks import KNOWN, check_columns


def check(**columns: Any) -> None:
    check_columns({name: np.array(values) for name, values in columns.items()}, flags="seen")


def test_every_column_of_the_projects_metrics_is_checked() -> None:
    needed = {name for listed in STATISTICS.values() for one in listed for name in one.needs}
    assert needed <= KNOWN


def test_what_measurements_give_is_accepted() -> None:
    check(gold=[0, 65_535], predicted=[2, 0], seen=[True, False], group=[-5, 2**62])
    check(gold=[[True, False]] * 3, predicted=[[False, False]] * 3)
    check(rank=[1, 70_000], rank_xx_en=[True, True])
    check(true=[True, False], found=[0, 3], exact=[True, False], f1=[0.0, 1.0 + 1e-12])
    check(gold_value=[-3.5, 1e9], loss=[0.0, 812.5], tokens=[0, 9], similarity=[-1.0, 1.0])
    check(gold=np.zeros(0), predicted=np.zeros(0), rank=np.zeros(0))
    check(of_a_package=[-1e300, 1e300])


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"gold": [0, 2**40]}, "`column.gold` holds 1099511627776, not labels from 0 to 65535"),
        ({"gold": [-1, 0]}, "`column.gold` holds -1, not labels from 0 to 65535"),
        ({"rank": [0, 1]}, "`column.rank` holds 0, not ranks from 1"),
        ({"rank_csls_xx_en": [3, -2]}, "`column.rank_csls_xx_en` holds -2, not ranks from 1"),
        ({"words": [3, -1]}, "`column.words` holds -1, not counts from 0"),
        ({"tokens": [1e300]}, "`column.tokens` holds 1e+300, not counts from 0"),
        ({"f1": [0.5, 1.5]}, "`column.f1` holds 1.5, not shares from 0 to 1"),
        ({"loss": [-1e200]}, "`column.loss` holds -1e+200, not numbers of at most 1e100"),
        ({"rank": [[1, 1]]}, "`column.rank` has 2 dimensions"),
        ({"gold": [[[1]]]}, "`column.gold` has 3 dimensions"),
        ({"gold": [0, 1], "predicted": [[0, 1]] * 2}, "have different shapes"),
        ({"seen": [0, 7]}, "`column.seen` does not hold yes or no"),
        ({"seen": [[True]]}, "`column.seen` does not hold yes or no"),
    ],
)  # fmt: skip
def test_what_no_measurement_gives_is_refused(columns: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match="`column") as told:
        check(**columns)
    assert str(told.value).endswith(problem)


def test_of_many_examples_fewer_labels_are_accepted() -> None:
    many = np.zeros(1 << 20, dtype=np.uint16)
    check_columns({"predicted": many + np.uint16(256)}, flags="seen")
    with pytest.raises(ValueError, match="holds 257, not labels from 0 to 256"):
        check_columns({"predicted": many + np.uint16(257)}, flags="seen")
