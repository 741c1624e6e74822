"""Intervals say no more than examples can show, and go no further than a metric can."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from adapterxlt.report.comparisons import Comparison, compared
from adapterxlt.report.read import Run, read_runs
from adapterxlt.report.seeds import over_seeds
from adapterxlt.report.systems import contests
from tests.report.measured import Measured
from tests.report.rows import row


def only(work: Measured) -> Comparison:
    [found] = compared(read_runs((work.save(),), print), resamples=300).values()
    return found


def first(count: int, total: int) -> dict[str, np.ndarray]:
    """The first `count` of all examples are right."""
    return {"de": np.arange(total) < count}


def test_an_interval_over_two_seeds_ends_where_the_metric_does(tmp_path: Path) -> None:
    work = Measured(tmp_path).add("direct", "d", first(10, 20))
    for seed, right in ((1, 20), (2, 2)):
        work.add(f"nli_{seed}", str(seed), first(right, 20), baseline="direct", seed=seed,
                 setup="nli")  # fmt: skip
    found = only(work)
    assert (found.points, found.low, found.high) == (5.0, -100.0, 100.0)
    assert (found.low90, found.high90) == (-100.0, 100.0)
    assert found.interval.endswith("; cut at 100 points, the range of the metric")
    assert "[-100.0, +100.0]" in str(found)


def test_seeds_without_outcomes_end_there_too() -> None:
    def run(seed: int, value: float) -> Run:
        rows = [row("direct", "de", 50.0), row("nli", "de", value)]
        rows = [replace(one, seed=seed, trained_in=()) for one in rows]
        return Run(Path(f"w{seed}"), "test", tuple(rows))

    [found] = over_seeds([run(1, 100.0), run(2, 10.0)])
    assert (found.points, found.margin) == (5.0, 105.0)


@pytest.mark.parametrize(("examples", "share"), [(1, 100.0), (20, 15.0), (300, 1.0)])
def test_outcomes_without_a_difference_do_not_rule_one_out(
    tmp_path: Path, examples: int, share: float
) -> None:
    both = first(examples, examples)
    work = Measured(tmp_path).add("direct", "d", both).add("nli", "n", both, baseline="direct")
    found = only(work)
    assert (found.points, found.low, found.high, found.p) == (0.0, -share, share, 1.0)
    assert f"; no two of {examples} examples differ, so wider by the rule of thr" in found.interval


def test_examples_that_all_differ_alike_rule_out_as_little(tmp_path: Path) -> None:
    work = Measured(tmp_path).add("direct", "d", first(0, 5))
    work.add("nli", "n", first(5, 5), baseline="direct")
    found = only(work)
    assert (found.points, found.low, found.high) == (100.0, pytest.approx(40.0), 100.0)


def test_one_model_does_not_differ_from_itself(tmp_path: Path) -> None:
    both = first(5, 10)
    work = Measured(tmp_path).add("d", "d", both, setup="d", baseline="")
    work.add("used", "u", both, setup="d", baseline="d")
    found = only(work)
    assert (found.points, found.low, found.high) == (0.0, 0.0, 0.0)
    assert "rule of three" not in found.interval
    assert [one.names for one in contests(read_runs((tmp_path,), print))] == [("used", "d")]
