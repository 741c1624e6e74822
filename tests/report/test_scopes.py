"""In which languages models are compared, and that every form of a report says so."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from adapterxlt.report.across import across
from adapterxlt.report.answers import answers_of
from adapterxlt.report.comparisons import compared
from adapterxlt.report.page import render
from adapterxlt.report.read import Run, read_runs
from adapterxlt.report.scopes import Scope, scopes_of, told_languages, without_losses
from adapterxlt.report.sections import sections
from adapterxlt.report.seeds import over_seeds
from adapterxlt.report.study import Study
from adapterxlt.report.systems import contests
from adapterxlt.report.written import latex, markdown, table
from tests.report.measured import Measured

EXAMPLES = 200
# In German, which it was trained in, `mt` is better by 20 points, and in Swahili worse by 10.
SHARES = {
    "direct": {"en": 0.9, "de": 0.4, "sw": 0.5},
    "mt": {"en": 0.9, "de": 0.6, "sw": 0.4},
}
IN_GERMAN = "in de, which mt was trained in"


def right(shares: dict[str, float]) -> dict[str, np.ndarray]:
    return {code: np.arange(EXAMPLES) < share * EXAMPLES for code, share in shares.items()}


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    """English data, and German translations of them."""
    work = Measured(tmp_path)
    work.add("direct", "d", right(SHARES["direct"]))
    work.add("mt", "m", right(SHARES["mt"]), baseline="direct", trained_in=("en", "de"))
    return read_runs((work.save(),), print)


def test_the_target_language_has_a_comparison_of_its_own(runs: list[Run]) -> None:
    zero_shot, german = compared(runs, resamples=300).values()
    assert (zero_shot.languages, zero_shot.where, zero_shot.points) == (("sw",), "zero-shot", -10.0)
    assert (german.languages, german.where, german.points) == (("de",), IN_GERMAN, 20.0)
    assert (zero_shot.trained, zero_shot.left_out) == ("", ("de",))
    assert (german.trained, german.left_out) == ("model", ("sw",))
    assert german.as_dict()["left_out"] == ["sw"]
    assert str(zero_shot).partition("better in")[2].startswith(" 0 of 1 language: sw)")
    assert f"] {IN_GERMAN} (p < .001; better in 1 of 1 language)" in str(german)
    assert german.p_corrected == pytest.approx(2 * german.p)  # Holm counts both


def test_every_form_of_a_report_has_it(runs: list[Run]) -> None:
    found = compared(runs, resamples=300)
    study = Study(contests(runs), found)
    assert study.columns == ["pawsx", "pawsx in de"]
    text, tex, page = markdown(study, []), latex(study), render(runs, found, [])
    assert "| model | pawsx | pawsx in de |" in text
    assert "better in 0 of 1 language: sw" in text
    assert "model & pawsx & pawsx in de" in tex
    assert "% pawsx: 1 language: sw" in tex
    assert IN_GERMAN in page
    rows = csv.DictReader(io.StringIO(table(runs, found)))
    told = {
        (one["model"], one["language"]): (one["comparison_languages"], one["comparison_points"])
        for one in rows
    }
    none = ("", "")
    assert told == {
        **{("direct", code): none for code in ("en", "de", "sw")},
        ("mt", "en"): none,
        ("mt", "de"): ("de", "20.0"),
        ("mt", "sw"): ("sw", "-10.0"),
    }


def test_without_outcomes_and_over_seeds_it_is_there_too(tmp_path: Path, runs: list[Run]) -> None:
    [section] = sections(runs[0].rows)
    zero_shot, german = map(str, answers_of(section, {}))
    assert "-10.0 ± 9.7 points zero-shot (better in 0 of 1 language: sw;" in zero_shot
    assert f"+20.0 ± 9.6 points {IN_GERMAN} (better in 1 of 1 language;" in german
    work = Measured(tmp_path / "seeds")
    for seed in (1, 2):
        both = {"seed": seed, "stage": f"scores_{seed}"}
        work.add(f"direct_{seed}", f"d{seed}", right(SHARES["direct"]), baseline="",
                 setup="d", **both)  # fmt: skip
        work.add(f"mt_{seed}", f"m{seed}", right(SHARES["mt"]), baseline=f"direct_{seed}",
                 setup="m", trained_in=("en", "de"), **both)  # fmt: skip
    seeded = read_runs((work.save(),), print)
    assert [(one.where, one.points) for one in over_seeds(seeded)] == [
        ("zero-shot", pytest.approx(-10)),
        ("in de, which mt_* was trained in", pytest.approx(20)),
    ]


def test_what_a_user_asks_for_has_it_too(tmp_path: Path) -> None:
    work = Measured(tmp_path)
    work.add("mt", "m", right(SHARES["mt"]), trained_in=("en", "de"), stage="a", baseline="")
    work.add("direct", "d", right(SHARES["direct"]), stage="b", baseline="")
    runs = read_runs((work.save(),), print)
    found = across(runs, [("direct", "mt")], print)
    assert [(one.languages, one.place) for one in found] == [
        (("sw",), "zero-shot"),
        (("de",), IN_GERMAN),
    ]
    told = [one.points for one in compared(runs, found, resamples=100).values()]
    assert told == [10.0, -20.0]


def test_what_is_said_twice_is_compared_once() -> None:
    """If nothing is zero-shot, all languages count, which may be those of one model alone."""
    few, english = ("en", "sw"), ("en",)
    swahili = Scope(("sw",), "in sw", 0)
    general = Scope(("sw",), "in sw")
    assert scopes_of(("sw",), general, (few, english)) == [swahili]
    assert scopes_of(("sw",), general, (english, few)) == [swahili._replace(trained=1)]
    every = Scope(("en", "sw"), "in en, sw")
    assert scopes_of(("en", "sw"), every, (few, english)) == [every, swahili]
    assert scopes_of(("en", "sw"), every, (few, few)) == [every]


def test_a_table_does_not_ask_what_only_the_baseline_learnt() -> None:
    general = Scope(("de",), "in de")
    found = scopes_of(("en", "sw", "de"), general, (("sw",), ("en",)))
    assert [one.trained for one in found] == [None, 0, 1]
    assert without_losses(found) == found[:2]
    assert without_losses(found[2:]) == found[2:]


def test_layers_are_named_after_the_languages() -> None:
    german = Scope(("de",), "at layer 2")
    _, hindi = scopes_of(("hi", "de"), german, (("en", "hi"), ()), "at layer 2")
    assert hindi.where == "in hi, at layer 2"
    assert hindi.told(["lexical", "none"]) == "in hi, which lexical was trained in, at layer 2"


@pytest.mark.parametrize(
    ("count", "left_out", "told"),
    [
        (1, (), "1 language: a"),
        (5, ("x",), "5 languages: a, b, c, d and e"),
        (6, ("x", "y"), "6 languages without x and y"),
        (6, (), "6 languages"),
        (6, tuple("tuvwxyz"), "6 languages: a, b, c, d, e and f"),
    ],
)
def test_few_languages_are_named(count: int, left_out: tuple[str, ...], told: str) -> None:
    assert told_languages("abcdef"[:count], left_out) == told


def test_languages_that_were_named_before_are_not_named_again() -> None:
    for where in ("in sw", "in sw, at layer 2", "in sw, which mt was trained in"):
        assert told_languages(("sw",), (), where) == "1 language"
    for where in ("zero-shot", "in sw, yo"):  # of Yoruba, there are no outcomes
        assert told_languages(("sw",), (), where) == "1 language: sw"
