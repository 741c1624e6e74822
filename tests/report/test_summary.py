"""The answer at the head of a report."""

from __future__ import annotations

from typing import Any

import pytest

from adapterxlt.report.findings import Finding
from adapterxlt.report.labels import Label
from adapterxlt.report.origins import Origin
from adapterxlt.report.summary import summary
from adapterxlt.report.systems import Contest
from tests.report.measured import a_comparison

BASE = Origin("mini", (), "", "lora", ())


def finding(
    verdict: str = "not shown", *, on: str = "pawsx", helps: bool = True, **figures: Any
) -> Finding:
    origin = Origin("mini", ("mnli",) if helps else (), "", "lora", ())
    found = a_comparison(verdict=verdict, **figures)
    return Finding(
        Contest(("de",), "zero-shot"), found, origin, BASE, Label("mnli", "mnli", ""), on
    )


NONE = ", which does not mean that there is none."
AGAINST = "a model that had no intermediate task"


@pytest.mark.parametrize(
    ("verdicts", "said"),
    [
        (["better"], f"The comparison with {AGAINST} shows a gain on pawsx (5 %)."),
        (["worse"], f"The comparison with {AGAINST} shows a loss on pawsx (5 %)."),
        (["not shown"], f"The comparison with {AGAINST} shows no significant difference "
         f"(5 %){NONE}"),
        (["not shown"] * 2, f"None of 2 comparisons with {AGAINST} shows a difference "
         f"(5 %, Holm over 2 comparisons){NONE}"),
        (["better"] * 2, f"Of 2 comparisons with {AGAINST}, 2 show a gain (on pawsx) and none "
         "shows a loss (5 %, Holm over 2 comparisons)."),
        (["worse", "not shown"], f"Of 2 comparisons with {AGAINST}, none shows a gain and 1 shows "
         f"a loss (5 %, Holm over 2 comparisons). In the other one no difference is shown{NONE}"),
    ],
)  # fmt: skip
def test_counts_are_told_in_words(verdicts: list[str], said: str) -> None:
    count, _ = summary([finding(one) for one in verdicts], corrected_for=len(verdicts))
    assert count == said


def test_the_correction_is_over_all_comparisons_of_the_report() -> None:
    count, _ = summary([finding("better", helps=False)], corrected_for=48)
    assert count == (
        "The comparison with a baseline shows a gain on pawsx (5 %, Holm over 48 comparisons)."
    )


def test_one_difference_is_not_the_largest() -> None:
    _, extremes = summary([finding(points=1.0, low=-1.0, high=3.0)], corrected_for=1)
    assert extremes == (
        "The difference, mnli on pawsx: +1.0 [-1.0, +3.0] points (400 examples, 1 language: de, "
        "1 seed), can be due to chance. The interval reaches 2.0 points to each side, so smaller "
        "effects cannot be detected here."
    )


def test_models_without_any_difference_have_no_largest_one() -> None:
    same = finding(points=0.0, low=0.0, high=0.0)
    assert summary([same], corrected_for=1)[1] == (
        "On every example, the model and its baseline (mnli on pawsx: 400 examples, 1 language: "
        "de, 1 seed) score the same, so these examples cannot tell them apart."
    )
    assert summary([same, same], corrected_for=2)[1] == (
        "On every example, the models and their baselines, in all 2 comparisons, score the same, "
        "so these examples cannot tell them apart."
    )
    other = finding(points=1.0, low=-1.0, high=3.0)
    _, extremes = summary([same, same, other], corrected_for=3)
    assert "largest difference, mnli on pawsx: +1.0 [-1.0, +3.0]" in extremes
    assert "The interval reaches 2.0 points to each side" in extremes
