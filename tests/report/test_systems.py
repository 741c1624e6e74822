"""Which rows are compared, with which, and what models of several seeds are called."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from adapterxlt.report.comparisons import compared
from adapterxlt.report.read import read_runs
from adapterxlt.report.study import Study
from adapterxlt.report.systems import contests, starred
from adapterxlt.report.written import table
from tests.report.measured import Measured


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (["nli.s1", "nli.s2"], "nli.s*"),
        (["sib200.s1", "sib200.s2"], "sib200.s*"),
        (["a"], "a"),
        (["a1", "a1.b2"], "a*"),
    ],
)
def test_a_star_stands_for_what_differs(names: list[str], name: str) -> None:
    assert starred(names) == name


DRAW = np.random.default_rng(0)


def share(right: float, *languages: str) -> dict[str, np.ndarray]:
    return {code: DRAW.random(300) < right for code in languages}


def test_the_same_seed_measured_by_two_versions_counts_once(tmp_path: Path) -> None:
    work = Measured(tmp_path)
    for version, (base, own) in {"old": (0.9, 0.2), "new": (0.6, 0.8)}.items():
        work.add("direct", f"d-{version}", share(base, "de"), recipe_id=version)
        own_right = share(own, "de")
        work.add("after", f"a-{version}", own_right, baseline="direct", recipe_id=version)
    [found] = compared(read_runs((work.save(),), print), resamples=300).values()
    assert (found.seeds, found.clash, found.verdict) == (1, ("1",), "better")
    assert found.points == pytest.approx(20, abs=8)  # those of the new version alone
    assert str(found).endswith("measured twice, differently, the last counts: seed 1")


def test_a_model_with_one_answer_for_everything_is_named(tmp_path: Path) -> None:
    work = Measured(tmp_path)
    gold = {code: np.arange(300) % 3 for code in ("de", "fr")}
    answers = {
        "direct": {code: np.where(DRAW.random(300) < 0.9, gold[code], 0) for code in gold},
        "after.s1": {code: np.where(DRAW.random(300) < 0.8, gold[code], 0) for code in gold},
        "after.s2": {code: np.full(300, 1) for code in gold},
    }
    for model, predicted in answers.items():
        seed = {"seed": int(model[-1])} if model[-1].isdigit() else {}
        baseline = "" if model == "direct" else "direct"
        work.add(
            model, model, gold, predicted=predicted, baseline=baseline, setup=model[:5], **seed
        )
    [found] = compared(read_runs((work.save(),), print), resamples=300).values()
    assert found.constant == ("after.s2",)
    assert str(found).endswith("; after.s2 gives every example the same answer")
    assert found.as_dict()["constant"] == ["after.s2"]
    several = replace(found, constant=("a", "b", "c")).constant_told
    assert several == "a, b and c give every example the same answer"


def test_each_layer_is_a_comparison_of_its_own(tmp_path: Path) -> None:
    """Also where the model was trained in the language, as an alignment is in that of its words."""
    work = Measured(tmp_path)
    for layer, gain in ((6, 0.3), (12, 0.0)):
        place = {"stage": f"words.{layer}", "layer": layer, "trained_in": ("hi",)}
        for model, right in (("none", 0.4), ("lexical", 0.4 + gain)):
            baseline = "" if model == "none" else "none"
            work.add(model, f"{model} {layer}", share(right, "hi"), baseline=baseline, **place)
    found = compared(read_runs((work.save(),), print), resamples=300).values()
    assert [(one.where, one.verdict) for one in found] == [
        ("in hi, at layer 6", "better"),
        ("in hi, at layer 12", "not shown"),
    ]
    assert not any(one.clash for one in found)


def test_other_languages_are_another_comparison(tmp_path: Path) -> None:
    """In `s1`, Swahili is not zero-shot, as another model of the table was trained in it.

    Where one of the two models was trained in it, it has a comparison of its own.
    """
    work = Measured(tmp_path)
    direct, after = share(0.6, "de", "fr", "sw"), share(0.9, "de", "fr")
    after["sw"] = np.zeros(300, dtype=bool)
    for stage in ("s1", "s2"):
        work.add("direct", "d", direct, stage=stage)
        work.add("after", "a", after, baseline="direct", stage=stage)
    swahili = share(0.6, "de", "fr", "sw")
    work.add("few", "f", swahili, baseline="direct", stage="s1", trained_in=("en", "sw"))
    runs = read_runs((work.save(),), print)
    found = compared(runs, resamples=300)
    told = {(one.model, one.languages): one.verdict for one in found.values()}
    assert told == {
        ("after", ("de", "fr")): "better",
        ("few", ("de", "fr")): "not shown",
        ("few", ("sw",)): "not shown",
        ("after", ("de", "fr", "sw")): told["after", ("de", "fr", "sw")],
    }
    assert len(Study(contests(runs), found).findings) == len(found) == 4
    left_out = {(one.model, one.languages): (one.trained, one.left_out) for one in found.values()}
    assert left_out == {
        ("after", ("de", "fr")): ("", ("sw",)),
        ("few", ("de", "fr")): ("", ("sw",)),
        ("few", ("sw",)): ("model", ("de", "fr")),
        ("after", ("de", "fr", "sw")): ("", ()),
    }


def test_a_model_with_two_baselines_has_the_figures_of_its_own_row(tmp_path: Path) -> None:
    work = Measured(tmp_path)
    low, middle, high = (share(chance, "de", "fr") for chance in (0.4, 0.6, 0.9))
    work.add("direct", "d", low, stage="s1").add("m", "m", middle, stage="s1", baseline="direct")
    work.add("big", "b", high, stage="s2", baseline="").add(
        "m", "m", middle, stage="s2", baseline="big"
    )
    runs = read_runs((work.save(),), print)
    rows = list(csv.DictReader(io.StringIO(table(runs, compared(runs, resamples=300)))))
    assert {(row["baseline"], row["comparison_verdict"]) for row in rows} == {
        ("", ""), ("direct", "better"), ("big", "worse"),
    }  # fmt: skip


@pytest.mark.parametrize(("examples", "equal"), [(3, False), (299, False), (301, True)])
def test_models_that_never_differ_are_equal_only_on_enough_examples(
    tmp_path: Path, examples: int, equal: bool
) -> None:
    both = {"de": np.ones(examples, dtype=bool)}
    work = Measured(tmp_path).add("direct", "d", both, equivalence=1.0)
    work.add("after", "a", both, baseline="direct", equivalence=1.0)
    [found] = compared(read_runs((work.save(),), print), resamples=100).values()
    assert (found.equivalent, found.points) == (equal, 0.0)


def test_both_numbers_of_seeds_are_told(tmp_path: Path) -> None:
    work = Measured(tmp_path).add("direct", "d", share(0.6, "de"))
    for seed in (1, 2, 3):
        right = share(0.7, "de")
        work.add(f"after_{seed}", f"a{seed}", right, baseline="direct", seed=seed, setup="a")
    [found] = compared(read_runs((work.save(),), print), resamples=100).values()
    assert (found.seeds, found.sides, found.seeds_told) == (3, (3, 1), "3 against 1")
    assert ", 3 against 1 seeds)" in str(found)
    assert "the baseline has one seed, which is taken to vary as much as" in found.interval
    assert found.as_dict()["sides"] == [3, 1]
