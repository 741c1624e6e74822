"""With which models of a stage each of its models is compared."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from adapterxlt.report.answers import answers_of
from adapterxlt.report.comparisons import Comparison, compared
from adapterxlt.report.read import read_runs
from adapterxlt.report.sections import sections
from adapterxlt.report.sides import Entrant, baselines_for
from tests.report.measured import Measured

DRAW = np.random.default_rng(3)


def share(right: float) -> dict[str, np.ndarray]:
    return {"de": DRAW.random(200) < right}


def answered(work: Measured) -> dict[tuple[str, str], Comparison]:
    """The comparisons below the tables; every sentence there is one."""
    runs = read_runs((work.save(),), print)
    found = compared(runs, resamples=200)
    answers = [
        one for run in runs for part in sections(run.rows) for one in answers_of(part, found)
    ]
    assert [one for one in answers if isinstance(one, str)] == []
    assert {id(one) for one in answers} == {id(one) for one in found.values()}
    return {(one.model, one.baseline): one for one in found.values()}


@pytest.mark.parametrize("names", [("one", "two"), ("a1", "a2")])
def test_a_baseline_is_not_pooled_with_another_row_of_its_table(
    tmp_path: Path, names: tuple[str, str]
) -> None:
    one, two = names
    right = {name: share(chance) for name, chance in ((one, 0.8), (two, 0.5), ("mean", 0.7))}
    work = Measured(tmp_path).add(one, "1", right[one], setup="same", baseline="")
    work.add(two, "2", right[two], setup="same", seed=2, baseline=one)
    work.add("mean", "3", right["mean"], baseline=one)
    found = answered(work)
    assert set(found) == {(two, one), ("mean", one)}
    for name in (two, "mean"):
        gain = 100 * (right[name]["de"].mean() - right[one]["de"].mean())
        assert found[name, one].points == pytest.approx(gain)
        assert found[name, one].sides == (1, 1)


def test_models_with_other_names_are_not_one_model_under_two_seeds(tmp_path: Path) -> None:
    work = Measured(tmp_path).add("direct", "0", share(0.5))
    work.add("one", "1", share(0.6), setup="same", baseline="direct")
    work.add("two", "2", share(0.6), setup="same", seed=2, baseline="direct")
    assert set(answered(work)) == {("one", "direct"), ("two", "direct")}


def test_a_matrix_in_one_stage_has_all_seeds_of_the_baseline(tmp_path: Path) -> None:
    work = Measured(tmp_path)
    for name, seed in product(("none", "nli"), (1, 2, 3)):
        model = f"{name}.s{seed}"
        baseline = "" if model == "none.s1" else "none.s1"
        right = share(0.5 if name == "none" else 0.7)
        work.add(model, model, right, setup=name, seed=seed, baseline=baseline)
    found = answered(work)
    assert set(found) == {("nli.s*", "none.s*")}
    assert found["nli.s*", "none.s*"].sides == (3, 3)


def test_equal_models_are_compared_in_pairs(tmp_path: Path) -> None:
    """As two stages with the same keys are, or a stage and its artifact."""
    both = share(0.6)
    work = Measured(tmp_path).add("d", "same", both, setup="d", baseline="")
    work.add("e", "same", both, setup="d", baseline="d")
    work.add("used", "another cell", both, setup="d", baseline="d")
    found = answered(work)
    assert set(found) == {("e", "d"), ("used", "d")}
    for one in found.values():
        assert (one.points, one.p, one.variance["examples"]) == (0.0, 1.0, 0.0)


def test_a_model_with_one_seed_is_compared_with_the_named_baseline_alone() -> None:
    entrants = {
        "none.s1": Entrant("none", 1),
        "none.s2": Entrant("none", 2),
        "nli.s1": Entrant("nli", 1),
        "nli.s2": Entrant("nli", 2),
        "mean": Entrant("mean", 1),
    }
    both = ["none.s1", "none.s2"]
    assert baselines_for(entrants, "none.s1") == {
        "nli.s1": both, "nli.s2": both, "mean": ["none.s1"],
    }  # fmt: skip
