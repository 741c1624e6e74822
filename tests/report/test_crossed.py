"""Crossed seeds, by simulation: intervals cover, variances are those that were put in."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from adapterxlt.report.comparisons import LEVEL, compared
from adapterxlt.report.designs import factors_of
from adapterxlt.report.estimates import Estimate, Side, estimate
from adapterxlt.report.page import render
from adapterxlt.report.paired import judge
from adapterxlt.report.read import Run, read_runs
from adapterxlt.report.seeds import over_seeds
from adapterxlt.report.systems import key_of
from adapterxlt.results.rows import Row
from tests.report.made_up import study
from tests.report.systems import contest, right, system

RUNS = 400
ERROR = 3 * (0.05 * 0.95 / RUNS) ** 0.5


def simulated(
    sizes: tuple[int, int],
    sds: tuple[float, float, float],
    draw: np.random.Generator,
    crossed: bool,
) -> Estimate:
    """A difference of nothing; examples bring 0.3 to all models and 0.1 to each."""
    listed = list(product(*map(range, sizes)))
    shapes = ((sizes[0], 1), (1, sizes[1]), sizes)
    parts = [sd * draw.normal(size=shape) for sd, shape in zip(sds, shapes, strict=True)]
    true = (parts[0] + parts[1] + parts[2]).ravel()
    points = true + 0.3 * draw.normal() + 0.1 * draw.normal(size=true.size)
    noise = 0.3 * draw.normal(size=(50, 1)) + 0.1 * draw.normal(size=(50, true.size))
    factors = factors_of(listed)
    return estimate([Side(points, points + noise, factors if crossed else factors[:1])], 1000)


def covered(sizes: tuple[int, int], sds: tuple[float, float, float], *, crossed: bool) -> float:
    draw = np.random.default_rng(0)
    found = [simulated(sizes, sds, draw, crossed) for _ in range(RUNS)]
    return float(np.mean([one.low <= 0 <= one.high for one in found]))


@pytest.mark.parametrize("sizes", [(3, 3), (5, 3)])
@pytest.mark.parametrize(
    "sds", [(1.0, 1.0, 0.3), (1.0, 0.2, 0.3), (0.2, 1.0, 0.3), (0.0, 0.0, 1.0)]
)
def test_crossed_intervals_cover(
    sizes: tuple[int, int], sds: tuple[float, float, float]
) -> None:  # fmt: skip
    assert covered(sizes, sds, crossed=True) > 0.95 - ERROR


def test_nested_ones_miss_the_truth_where_seeds_of_the_last_stage_matter() -> None:
    sds = (0.2, 1.0, 0.3)
    assert covered((3, 3), sds, crossed=False) < 0.8 < covered((3, 3), sds, crossed=True)


def test_variances_of_each_stage_are_those_that_were_put_in() -> None:
    draw = np.random.default_rng(1)
    sizes, sds = (6, 5), (2.0, 1.0, 0.5)
    found = [simulated(sizes, sds, draw, crossed=True) for _ in range(RUNS)]
    first, last, single = np.mean([one.parts for one in found], axis=0)
    assert first == pytest.approx(sds[0] ** 2 / 6, rel=0.1)
    assert last == pytest.approx(sds[1] ** 2 / 5, rel=0.1)
    assert single == pytest.approx(sds[2] ** 2 / 30, rel=0.1)
    assert all(sum(one.parts) == pytest.approx(one.seeds) for one in found)
    assert np.mean([one.examples for one in found]) == pytest.approx(0.09 + 0.01 / 30, rel=0.05)


def test_a_grid_by_hand() -> None:
    """The two-way table of a textbook: rows 1, 3; columns 0, 2, 4; and one cell that stands out."""
    points = np.array([1.0, 3.0, 5.0, 3.0, 5.0, 10.0])
    labels = ((1, 1, 1, 2, 2, 2), (7, 8, 9, 7, 8, 9))
    found = estimate([Side(points, points[None], labels)], 1)
    rows, columns = points.reshape(2, 3).mean(axis=1), points.reshape(2, 3).mean(axis=0)
    left = points.reshape(2, 3) - rows[:, None] - columns + points.mean()
    rest = (left**2).sum() / 2 / 6
    parts = (rows.var(ddof=1) / 2 - rest, columns.var(ddof=1) / 3 - rest, rest)
    assert found.parts == pytest.approx(parts)
    assert found.seeds == pytest.approx(sum(parts))
    # The order of models does not matter.
    order = [3, 0, 5, 1, 4, 2]
    turned = tuple(tuple(own[place] for place in order) for own in labels)
    assert estimate([Side(points[order], points[None, order], turned)], 1) == found


def test_a_missing_model_is_expected_from_the_others() -> None:
    """Rows 1, 2, 4 and columns 0, 10, 20 add up, so that what is missing is known."""
    listed = list(product(range(3), range(3)))
    points = np.array([(1, 2, 4)[row] + 10.0 * column for row, column in listed])
    whole = estimate([Side(points, points[None], factors_of(listed))], 1)
    for gaps in ([0], [4], [2, 3]):
        kept = [place for place in range(9) if place not in gaps]
        factors = factors_of([listed[place] for place in kept])
        found = estimate([Side(points[kept], points[None, kept], factors)], 1)
        assert found.points == pytest.approx(whole.points)
        assert found.parts == pytest.approx(whole.parts, abs=1e-9)
        assert (found.low, found.high) == pytest.approx((whole.low, whole.high))
    draw = np.random.default_rng(3)
    held = []
    for _ in range(RUNS):
        true = draw.normal(size=(3, 1)) + draw.normal(size=(1, 3)) + 0.3 * draw.normal(size=(3, 3))
        points = true.ravel()[1:] + 0.3 * draw.normal()
        noise = 0.3 * draw.normal(size=(50, 1))
        found = estimate([Side(points, points + noise, factors_of(listed[1:]))], 1000)
        held.append(found.low <= 0 <= found.high)
    assert np.mean(held) > 0.95 - ERROR


def test_outcomes_of_a_grid_are_judged_so() -> None:
    """Models under 3 x 3 seeds against a baseline under the three of the last stage."""
    draw = np.random.default_rng(2)
    contests = []
    for _ in range(60):
        ability = draw.normal(size=200)

        def train(level: float, ability: np.ndarray = ability) -> dict:  # type: ignore[type-arg]
            chance = 1 / (1 + np.exp(-ability - level))
            return right({"de": draw.random(200) < chance})

        first, last = 0.3 * draw.normal(size=3), 0.5 * draw.normal(size=3)
        others = 0.2 * draw.normal(size=3)
        models = [
            system(train(first[a] + last[b]), seeds=(a, b)) for a, b in product(range(3), range(3))
        ]
        bases = [system(train(last[b] + others[b]), name="b", seeds=(b,)) for b in range(3)]
        contests.append(contest(models, bases))
    found = [one for one in judge(contests, resamples=200) if one]
    assert {str(one.design) for one in found} == {
        "crossed (3 x 3, each side drawn by itself) and in pairs with the baseline's"
    }
    held = [one.found.low <= 0 <= one.found.high for one in found]
    assert np.mean(held) > 0.95 - 3 * (0.05 * 0.95 / 60) ** 0.5
    assert np.mean([one.p <= LEVEL for one in found]) == pytest.approx(1 - np.mean(held), abs=0.02)
    # The baseline has the last stage's luck as well, so that it does not count.
    assert np.mean([one.found.parts[0] for one in found]) > np.mean(
        [one.found.parts[1] for one in found]
    )


def test_a_report_says_that_seeds_were_crossed(tmp_path: Path) -> None:
    study(tmp_path, intermediates=("none", "mnli"), targets=("sib200",), seeds=(1, 2, 3),
          languages=("en", "de", "ru"), examples=100, layers=0, grid=True)  # fmt: skip
    runs = read_runs((tmp_path,), print)
    [found] = compared(runs, resamples=200).values()
    assert (found.model, found.baseline) == ("mnli_s*.*", "none_s*")
    assert (found.seeds, found.grid, found.seeds_told) == (9, (3, 3), "3 x 3")
    assert "seeds crossed (3 x 3, each side drawn by itself) and in pairs" in found.interval
    assert "2 languages: de and ru, 3 x 3 seeds)" in str(found)
    assert found.as_dict()["grid"] == [3, 3]
    parts = [found.variance[name] for name in ("seeds_1", "seeds_2", "seeds_rest")]
    assert sum(parts) == pytest.approx(found.variance["seeds"], abs=1e-6)
    text = render(runs, {key_of(*_rows(runs), found.languages, found.where): found}, [])
    assert "200 examples\n2 languages: de and ru\n3 x 3 seeds" in text
    [over] = over_seeds(runs)
    assert (len(over.gains), over.design) == (9, "3 x 3")
    assert over.points == pytest.approx(found.points)


def _rows(runs: list[Run]) -> tuple[Row, Row]:
    rows = runs[0].rows
    return (
        next(row for row in rows if row.baseline), next(row for row in rows if not row.baseline)
    )  # fmt: skip
