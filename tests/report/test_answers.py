"""The notes under sentences."""

from __future__ import annotations

from adapterxlt.report.answers import notes_on
from tests.report.measured import a_comparison

EXAMPLES = "[low, high] is the 95 % interval from 10,000 bootstrap samples of the test examples"
SEEDS = "[low, high] is the 95 % interval of a t distribution over seeds and examples"


def test_notes_say_what_the_intervals_above_are() -> None:
    one, several = a_comparison(), a_comparison(seeds=3, sides=(3, 3))
    [of_one], [of_several], [of_both] = (
        notes_on([one]),
        notes_on([several]),
        notes_on([one, several]),
    )
    assert of_one.startswith(EXAMPLES)
    assert SEEDS not in of_one
    assert of_several.startswith(SEEDS)
    assert "Each model has one seed" not in of_several
    assert f"Where several seeds are named, {SEEDS}" in of_both
    assert f"Elsewhere, {EXAMPLES}" in of_both
    for note in (of_one, of_several, of_both):
        assert note.endswith("p is corrected for all comparisons of the report (Holm).")
    assert notes_on([]) == notes_on(["no interval"]) == []
    [unpaired] = notes_on(["+1.0 ± 2.0 points"])
    assert unpaired.startswith("± gives")


def test_an_interval_that_is_not_from_samples_alone_has_a_note() -> None:
    flat = a_comparison(interval="percentiles; no two of 20 differ, so wider by the rule of three")
    cut = a_comparison(interval="t; cut at 100 points, the range of the metric", seeds=2)
    assert len(notes_on([a_comparison()])) == 1
    assert notes_on([flat])[1:] == [
        "Where no two examples differ, the interval is what the rule of three gives."
    ]
    assert notes_on([cut])[1:] == ["No interval goes beyond the range of its metric."]
