from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from adapterxlt.report.guesses import Checked, checked
from adapterxlt.results.rows import Row


def row(
    stage: str, model: str, task: str, metric: str, value: float, lineage: str, **more: Any
) -> Row:
    made = Row(
        recipe="r", stage=stage, model=model, task=task, language="de", split="dev", data="d",
        metric=metric, main=True, value=value, n=10, seed=1, protocol="", layer=None,
        trained_in=("en",), lineage=lineage, fingerprint=model, contamination="", baseline="",
        caps="",
    )  # fmt: skip
    return replace(made, **more)


BELOW = {"none": "mini", "nli": "mini > mnli (lora)", "qa": "mini > squad (lora)"}
GUESSES = {
    "linear_probe": {"none": 50.0, "nli": 60.0, "qa": 70.0},
    "mnli_always": {"none": 0.0, "nli": 1.0, "qa": 0.0},
    "source_size": {"none": 0.0, "nli": 900.0, "qa": 100.0},
}
TRUE = {"none": 80.0, "nli": 81.0, "qa": 84.0}


def rows(true: dict[str, float], how: str = ", after") -> list[Row]:
    found = [
        row("which", model, "udpos", measure, value, BELOW[model])
        for measure, values in GUESSES.items()
        for model, value in values.items()
    ]
    for model, value in true.items():
        more = "" if model == "none" else how
        for language in (-1.0, 1.0):  # the mean counts
            lineage = f"{BELOW[model]} > udpos (lora{more})"
            found.append(row("scores", f"on_{model}", "udpos", "f1", value + language, lineage))
    return found


def test_each_measure_is_held_against_the_truth() -> None:
    found = {one.measure: one for one in checked(rows(TRUE))}
    assert found.keys() == GUESSES.keys()
    probe, rule, size = (found[name] for name in GUESSES)
    assert (probe.regret_1, probe.regret_3, probe.beats_rule) == (0, 0, True)
    assert probe.correlation == pytest.approx(1.0)
    assert (rule.regret_1, rule.regret_3) == (3.0, 0.0)
    assert (size.regret_1, size.beats_rule) == (3.0, False)
    assert size.correlation == pytest.approx(0.5)
    assert str(size) == (
        "source_size on udpos dev [udpos (lora)] (3 stages): regret@1 3.0, @3 0.0 points, rank "
        "correlation 0.50; as good as `MNLI always`"
    )
    assert checked(rows(TRUE, ", stacked")) == checked(rows(TRUE))


def test_what_was_not_tried_is_not_checked() -> None:
    assert checked(rows({"qa": 84.0})) == []
    (probe, size) = checked(rows({"none": 80.0, "qa": 84.0}))
    assert probe.beats_rule is None
    assert size.measure == "source_size"
    longer = [row("s", "x", "udpos", "f1", 1.0, f"{BELOW['nli']} > qqp (lora) > udpos (lora)")]
    assert checked([*rows({"qa": 84.0}), *longer]) == []


def guess(measure: str, **scores: float) -> list[Row]:
    """What a measure says of candidates whose names begin with a key of `BELOW`."""
    return [
        row("which", model, "udpos", measure, score, BELOW[model.partition("_")[0]])
        for model, score in scores.items()
    ]


def tried(before: str, value: float, **more: Any) -> Row:
    stage = more.pop("stage", "scores")
    lineage = f"{BELOW[before]} > udpos (lora, after)"
    return row(stage, f"on_{before}", "udpos", "f1", value, lineage, **more)


def only(rows: list[Row]) -> Checked:
    [found] = checked(rows)
    return found


def test_means_are_over_the_languages_that_all_candidates_have() -> None:
    guesses = guess("linear_probe", nli=60.0, qa=70.0)
    shared = [tried("nli", 80.0), tried("qa", 85.0)]
    # Swahili is harder, and only one of them was measured in it.
    found = only([*guesses, *shared, tried("qa", 30.0, language="sw")])
    assert (found.regret_1, found.correlation) == (0.0, pytest.approx(1.0))
    other = tried("nli", 99.0, stage="other")
    assert only([*guesses, *shared, other]) == only([*guesses, *shared]) == found


def test_stages_of_single_candidates_are_compared_where_they_measured_alike() -> None:
    guesses = guess("linear_probe", nli=60.0, qa=70.0)
    apart = [tried("nli", 80.0, stage="s1"), tried("qa", 85.0, stage="s2")]
    more = [tried("qa", 10.0, stage="s2", language="sw")]
    assert only([*guesses, *apart, *more]).regret_1 == 0.0
    for other in ({"caps": "evaluate 5"}, {"n": 5}, {"protocol": "x"}, {"language": "sw"}):
        assert checked([*guesses, apart[0], replace(apart[1], **other)]) == []


def test_the_seeds_of_a_candidate_are_one() -> None:
    guesses = guess("linear_probe", nli_1=60.0, nli_2=80.0, qa_1=69.0, qa_2=69.0)
    values = [
        tried(before, value, seed=seed)
        for before, both in {"nli": (80.0, 90.0), "qa": (84.0, 84.0)}.items()
        for seed, value in enumerate(both, start=1)
    ]
    found = only([*guesses, *values])
    assert (found.candidates, found.regret_1, found.correlation) == (2, 0.0, pytest.approx(1.0))
    few = "mini > panx[10 shots{}] (lora)"
    drawn = [
        replace(one, lineage=one.lineage.replace(BELOW["nli"], few.format(f" of seed {one.seed}")))
        for one in [*(replace(one, seed=int(one.model[-1])) for one in guesses), *values]
    ]
    assert only(drawn) == found


def test_a_measure_that_lacks_a_candidate_is_checked_on_the_others() -> None:
    lacking = [one for one in rows(TRUE) if (one.metric, one.model) != ("linear_probe", "qa")]
    found = {one.measure: one for one in checked(lacking)}
    assert found["linear_probe"].candidates == 2
    assert (found["linear_probe"].regret_1, found["linear_probe"].ties_rule) == (0.0, True)
    assert found["source_size"].candidates == 3
    no_rule = [one for one in rows(TRUE) if (one.metric, one.model) != ("mnli_always", "none")]
    assert {one.measure: one.candidates for one in checked(no_rule)} == {
        "linear_probe": 3, "mnli_always": 2, "source_size": 3,
    }  # fmt: skip
    single = [one for one in lacking if (one.metric, one.model) != ("linear_probe", "none")]
    assert "linear_probe" not in {one.measure for one in checked(single)}
