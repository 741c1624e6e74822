from __future__ import annotations

import pytest

from adapterxlt.report.guesses import checked
from adapterxlt.results.rows import Row


def row(stage: str, model: str, task: str, metric: str, value: float, lineage: str) -> Row:
    return Row(
        recipe="r", stage=stage, model=model, task=task, language="de", split="dev", data="d",
        metric=metric, main=True, value=value, n=10, seed=1, protocol="", layer=None,
        trained_in=("en",), lineage=lineage, fingerprint=model, contamination="", baseline="",
        caps="",
    )  # fmt: skip


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
