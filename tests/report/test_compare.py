"""Means, differences to the baseline, intervals and best layers."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from adapterxlt.report.compare import Gain, Grid, Place, answer, grids, layer_tables, signed
from adapterxlt.report.sections import sections
from adapterxlt.results.rows import Row
from tests.report.rows import row

ROWS = [
    row("direct", "de", 60.0),
    row("direct", "en", 80.0),
    row("direct", "sw", 50.0),
    row("after_nli", "de", 66.0),
    row("after_nli", "en", 79.0),
    row("after_nli", "sw", 49.0),
]


def test_means_over_all_and_over_zero_shot_languages() -> None:
    (grid,) = grids(ROWS)
    assert grid.languages == ("en", "de", "sw")  # the language of training first
    assert grid.mean("direct", grid.languages) == pytest.approx(190 / 3)
    assert grid.mean("direct", grid.zero_shot) == pytest.approx(55.0)
    assert grid.mean("absent", grid.languages) is None


def test_a_language_is_the_same_by_its_codes_in_other_standards() -> None:
    rows = [row("direct", code, 60.0, trained_in=("en", "de")) for code in ("eng_Latn", "deu_Latn")]
    (grid,) = grids([*rows, row("direct", "yor_Latn", 40.0, trained_in=("en", "de"))])
    assert grid.trained_in == ("eng_Latn", "deu_Latn")
    assert grid.zero_shot == ("yor_Latn",)


def test_gain_over_the_baseline_counts_languages() -> None:
    (grid,) = grids(ROWS)
    gain = grid.gain("after_nli", grid.zero_shot)
    variance = (60 * 40 + 66 * 34 + 50 * 50 + 49 * 51) / 400 / 4
    assert gain == Gain(
        points=pytest.approx(2.5),
        better=1,
        languages=2,
        margin=pytest.approx(1.96 * math.sqrt(variance)),
    )
    assert grid.gain("direct", grid.zero_shot) is None


def test_gain_uses_only_languages_that_both_have() -> None:
    (grid,) = grids([*ROWS, row("after_nli", "ja", 99.0)])
    gain = grid.gain("after_nli", grid.zero_shot)
    assert gain is not None
    assert (gain.points, gain.languages) == (pytest.approx(2.5), 2)


def test_no_interval_for_a_metric_that_is_no_share_of_examples() -> None:
    rows = [row("direct", "de", 60.0, metric="f1"), row("after_nli", "de", 66.0, metric="f1")]
    (grid,) = grids(rows)
    gain = grid.gain("after_nli", ["de"])
    assert gain is not None
    assert gain.margin is None


def test_other_metrics_do_not_enter_the_means() -> None:
    rows = [*ROWS, row("direct", "de", 1.0, metric="loss", main=False)]
    (grid,) = grids(rows)
    assert grid.mean("direct", ["de"]) == 60.0
    assert grid.other_means() == {"loss": {"direct": 1.0}}


def test_a_grid_for_each_stage_and_task() -> None:
    rows = [*ROWS, row("direct", "de", 1.0, task="xnli"), row("direct", "de", 2.0, stage="more")]
    assert [(grid.rows[0].stage, grid.rows[0].task) for grid in grids(rows)] == [
        ("scores", "pawsx"),
        ("scores", "xnli"),
        ("more", "pawsx"),
    ]


def answers(grid: Grid) -> list[str]:
    found = (
        answer(grid, model, scope, unpaired="unpaired")
        for model in grid.models
        for scope in grid.scopes(model, grid.baseline, "zero-shot")
    )
    return [text for text in found if text]


def test_answers_say_how_much_and_whether_it_is_certain() -> None:
    (grid,) = grids(ROWS)
    assert answers(grid) == [
        "after_nli vs direct on pawsx dev: +2.5 ± 4.8 points zero-shot "
        "(better in 1 of 2 languages: de and sw; within the error of sampling, unpaired)"
    ]
    surely = [row("direct", "de", 40.0), row("after_nli", "de", 60.0)]
    assert answers(grids(surely)[0]) == [
        "after_nli vs direct on pawsx dev: +20.0 ± 6.8 points zero-shot "
        "(better in 1 of 1 language: de; unpaired)"
    ]


def test_the_training_language_alone_is_not_called_zero_shot() -> None:
    rows = [row("direct", "en", 60.0, metric="f1"), row("after_nli", "en", 61.0, metric="f1")]
    assert answers(grids(rows)[0]) == [
        "after_nli vs direct on pawsx dev: +1.0 points in en (better in 1 of 1 language)"
    ]


def test_best_layer_by_mean_over_languages() -> None:
    values = {
        ("none", 0): (10, 20),
        ("none", 1): (40, 10),
        ("nli", 0): (30, 30),
        ("nli", 1): (20, 9),
    }
    rows = [
        row(model, language, value, task="tatoeba", layer=layer, baseline="none")
        for (model, layer), pair in values.items()
        for language, value in zip(("de", "sw"), pair, strict=True)
    ]
    assert grids(rows) == []
    (layers,) = layer_tables(rows)
    assert layers.places == (Place(0), Place(1))
    assert layers.mean("none", Place(1)) == 25.0
    assert (layers.best("none"), layers.best("nli")) == (Place(1), Place(0))
    grid = layers.at_best()
    assert not grid.trained
    gain = grid.gain("nli", grid.languages)
    assert gain is not None
    assert gain.points == pytest.approx(5.0)


def test_the_lower_of_equally_good_layers_is_best() -> None:
    rows = [row("none", "de", 50.0, layer=layer, baseline="none") for layer in (2, 1, 3)]
    assert layer_tables(rows)[0].best("none") == Place(1)


def test_equally_good_layers_are_called_ties() -> None:
    (layers,) = layer_tables([row("nli", "de", 60.0, layer=n) for n in (2, 1)])
    assert layers.best("nli") == Place(1)
    assert layers.ties("nli") == (Place(2),)


def test_what_is_best_on_dev_is_taken_on_test() -> None:
    values = {(1, "cls"): (10, 90), (1, "mean"): (30, 20), (2, "cls"): (20, 40)}
    rows = [
        row("none", "de", pair[split == "test"], task="bucc2018", layer=layer, pooling=pooling,
            split=split, baseline="none")
        for split in ("test", "dev")
        for (layer, pooling), pair in values.items()
    ]  # fmt: skip
    test, dev = layer_tables(rows)
    assert (dev.dev, test.dev) == (None, dev)
    assert dev.best("none") == test.best("none") == Place(1, "mean")
    assert [found.value for found in test.at_best().rows] == [20]
    assert str(Place(1, "mean")) == "layer 1, mean pooling"


def search(*values: tuple[str, str, int, float], metric: str = "accuracy") -> list[Row]:
    """Rows of (split, model, layer, value)."""
    return [
        row(model, "de", value, task="tatoeba", layer=layer, split=split, baseline="none",
            metric=metric)
        for split, model, layer, value in values
    ]  # fmt: skip


def test_a_place_is_chosen_among_those_that_the_model_has() -> None:
    of_dev = search(("dev", "none", 0, 33.0), ("dev", "none", 1, 66.0), ("dev", "none", 2, 33.0))
    dev, test = layer_tables([*of_dev, *search(("test", "none", 0, 30.0))])
    assert (dev.best("none"), test.best("none"), test.ties("none")) == (Place(1), Place(0), ())
    assert [found.value for found in test.at_best().rows] == [30.0]
    _, both = layer_tables([*of_dev, *search(("test", "none", 0, 1.0), ("test", "none", 2, 2.0))])
    assert (both.best("none"), both.ties("none")) == (Place(0), (Place(2),))


def test_a_model_without_a_place_is_left_out() -> None:
    rows = search(("dev", "none", 0, 33.0), ("dev", "nli", 1, 40.0), ("test", "none", 0, 30.0),
                  ("test", "nli", 0, 31.0), ("test", "nli", 2, 32.0))  # fmt: skip
    _, test = layer_tables(rows)
    assert test.bests == {"none": Place(0)}
    assert (test.best("nli"), test.ties("nli")) == (None, ())
    assert test.at_best().models == ("none",)
    _, alone = layer_tables(rows[1:])  # dev has no place of test
    assert (alone.dev, alone.bests) == (None, {"none": Place(0), "nli": Place(2)})
    assert sections(rows[1:])[-1].stars == ["* best layer, chosen on the same sentences"]


@pytest.mark.parametrize(
    ("places", "where"),
    [
        ([(6, "")], "at layer 6"),
        ([(6, "cls"), (6, "mean")], "each model at its best pooling, at layer 6"),
        ([(0, ""), (1, "")], "each model at its best layer"),
        ([(1, "cls"), (2, "mean")], "each model at its best layer and pooling"),
        ([(6, ""), (7, "")], "each model at its best layer, among layers 6, 7"),
        ([(0, "cls"), (2, "cls")], "each model at its best layer and pooling, among layers 0, 2"),
    ],
)
def test_where_differences_are_measured_names_the_layers(
    places: list[tuple[int, str]], where: str
) -> None:
    rows = [
        row("none", "de", 20.0, layer=layer, pooling=pooling or None, baseline="none")
        for layer, pooling in places
    ]
    (section,) = sections(rows)
    assert section.where == where


def test_a_place_without_a_value_is_never_best() -> None:
    rows = search(("test", "none", 0, 5.0), ("test", "none", 1, 0.0), ("test", "nli", 1, -3.0),
                  ("test", "nli", 2, -1.0))  # fmt: skip
    [layers] = layer_tables([*rows, replace(rows[0], model="qa", main=False)])
    assert layers.bests == {"none": Place(0), "nli": Place(2)}
    assert layers.at_best().baseline == "none"


def test_the_best_place_has_the_least_where_less_is_better() -> None:
    values = (("test", "none", 0, 0.4), ("test", "none", 1, 0.2))
    assert layer_tables(search(*values, metric="anisotropy"))[0].best("none") == Place(1)


def test_values_that_are_no_shares_have_no_interval() -> None:
    grid = grids([row("direct", "de", 60.0), row("after_nli", "de", 150.0)])[0]
    gain = grid.gain("after_nli", ["de"])
    assert gain is not None
    assert (gain.points, gain.margin) == (90.0, None)


def test_zero_shot_are_the_languages_without_labelled_training_data() -> None:
    both = [
        row(model, code, 60.0, trained_in=("en", "de"))
        for model in ("direct", "after_nli")
        for code in ("fr", "de", "en", "ru")
    ]
    grid = grids(both)[0]
    assert (grid.trained_in, grid.zero_shot) == (("de", "en"), ("fr", "ru"))
    unlabelled = grids([row("direct", code, 60.0, trained_in=()) for code in ("en", "de")])[0]
    assert unlabelled.zero_shot == ("en", "de")


def test_less_is_better_for_perplexity() -> None:
    rows = [
        row(model, "de", value, metric="perplexity", task="mlm")
        for model, value in (("direct", 30.0), ("after_nli", 20.0))
    ]
    gain = grids(rows)[0].gain("after_nli", ["de"])
    assert gain is not None
    assert (gain.points, gain.better) == (-10.0, 1)
    assert answers(grids(rows)[0]) == [
        "after_nli vs direct on mlm dev: -10.0 perplexity zero-shot (better in 1 of 1 language: de)"
    ]


@pytest.mark.parametrize(
    ("number", "digits", "text"),
    [(1.25, 1, "+1.2"), (-0.04, 1, "+0.0"), (-0.04, 3, "-0.040"), (-0.0004, 3, "+0.000"),
     (-0.4, 0, "+0"), (-10.0, 0, "-10")],
)  # fmt: skip
def test_numbers_have_a_sign_that_zero_turns_to_plus(number: float, digits: int, text: str) -> None:
    assert signed(number, digits) == text
