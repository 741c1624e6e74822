"""What a run prints."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from adapterxlt.report.console import make_console, print_table
from adapterxlt.report.sections import sections
from adapterxlt.report.tables import print_results
from adapterxlt.results.rows import Row
from tests.report.rows import row

LANGUAGES = ["en", "de", "es", "fr", "ja", "ko", "zh", "ar", "bg"]
LANGUAGES += ["el", "hi", "ru", "sw", "th", "tr", "ur", "vi"]


def printed(rows: list[Row], width: int = 100) -> list[str]:
    file = io.StringIO()
    console = make_console(file)
    console.width = width
    print_results(rows, {}, console)
    assert "\x1b" not in file.getvalue()  # no colours outside a terminal
    return [line.strip() for line in file.getvalue().splitlines() if line.strip()]


def test_a_small_table() -> None:
    lines = printed(
        [
            row("direct", "en", 80.0),
            row("direct", "de", 60.0),
            row("nli", "en", 79.0),
            row("nli", "de", 81.25, contamination="mnli 3 of 400 texts"),
        ]
    )
    assert lines[0] == "scores: pawsx dev, accuracy"
    assert [line.split() for line in (lines[1], *lines[3:5])] == [
        ["model", "mean", "+/-", "zero-shot", "+/-", "en*", "de"],
        ["direct", "70.0", "60.0", "80.0", "60.0"],
        ["nli", "80.1", "+10.1", "81.2", "+21.2", "79.0", "81.2!"],
    ]
    assert lines[5:8] == [
        "protocol: zero-shot | data: pocket | caps: train 2000 | n: 400 a language | seed: 1",
        "* language of the training data",
        "! seen before (nli): de: mnli 3 of 400 texts",
    ]
    assert lines[8:] == [
        "Differences, not in pairs",
        "nli vs direct on pawsx dev: +21.2 ± 6.1 points zero-shot (better in 1 of 1 language: de; "
        "unpaired)",
        "± gives an interval of about 95 % for the sampling of test examples, without the "
        "variation of",
        "seeds. unpaired: for one of the models, no outcomes of the same examples that give this "
        "metric",
        "were kept; if an earlier version measured it, run the recipe again for paired intervals",
    ]


@pytest.mark.parametrize("width", [80, 100, 200])
def test_wide_tables_wrap_into_blocks_that_hold_every_language_once(width: int) -> None:
    rows = [
        row(model, code, 100.0, contamination="mnli 1 of 400 texts")
        for model in ("direct", "after_a_long_name")
        for code in LANGUAGES
    ]
    lines = printed(rows, width)
    assert max(map(len, lines)) <= width
    headers = [line.split() for line in lines if line.startswith("model")]
    shown = [word.rstrip("*") for header in headers for word in header]
    assert [word for word in shown if word in LANGUAGES] == LANGUAGES
    assert sum(word == "mean" for word in shown) == 1
    assert all("…" not in line for line in lines)


def test_models_with_the_same_leak_share_a_line() -> None:
    rows = [
        row(model, "de", 50.0, contamination="pretraining 2 of 9 texts")
        for model in ("direct", "after_nli")
    ]
    assert "! seen before (direct, after_nli): de: pretraining 2 of 9 texts" in printed(rows)


def test_layers_of_many_models_wrap_into_blocks_that_hold_every_model_once() -> None:
    models = [f"after_a_long_name_{number}" for number in range(6)]
    rows = [
        row(model, "de", 50.0, stage="search", task="tatoeba", layer=layer)
        for model in models
        for layer in (0, 1)
    ]
    lines = printed(rows, 80)
    headers = [line.split()[1:] for line in lines if line.startswith("layer  ")]
    assert [name for header in headers for name in header if name in models] == models
    assert all("…" not in line for line in lines)


def test_retrieval_shows_layers_and_marks_the_best() -> None:
    rows = [
        row(
            model,
            language,
            base + 10 * layer * sign,
            stage="search",
            task="tatoeba",
            layer=layer,
            baseline="none",
            metric=metric,
            main=metric == "accuracy",
        )
        for model, base, sign in (("none", 20.0, 1), ("nli", 50.0, -1))
        for language in ("de", "sw")
        for layer in (0, 1)
        for metric in ("accuracy", "accuracy_xx_en")
    ]
    lines = printed(rows)
    assert lines[0] == "search: tatoeba dev, accuracy, mean over languages"
    assert [line.split() for line in (lines[1], *lines[3:5])] == [
        ["layer", "none", "nli"],
        ["0", "20.0", "50.0*"],
        ["1", "30.0*", "40.0"],
    ]
    assert lines[5] == "search: tatoeba dev, accuracy: none at layer 1; nli at layer 0"
    assert "accuracy_xx_en, mean: none 30.0, nli 50.0" in lines
    assert "* best layer, chosen on the same sentences" in lines
    assert any(line.startswith("nli vs none on tatoeba dev: +20.0") for line in lines)


def test_layers_and_poolings_are_chosen_on_dev() -> None:
    rows = [
        row(model, "de", value + 5 * (split == "test"), task="bucc2018", metric="f1", layer=layer,
            pooling=pooling, split=split, baseline="none")
        for model in ("none", "nli")
        for split in ("dev", "test")
        for layer, pooling, value in ((1, "cls", 10.0), (1, "mean", 40.0), (2, "cls", 20.0))
    ]  # fmt: skip
    lines = printed(rows)
    start = lines.index("scores: bucc2018 test, f1, mean over languages")
    assert [line.split() for line in (lines[start + 1], *lines[start + 3 : start + 6])] == [
        ["layer", "pooling", "none", "nli"],
        ["1", "cls", "15.0", "15.0"],
        ["1", "mean", "45.0*", "45.0*"],
        ["2", "cls", "25.0", "25.0"],
    ]
    assert lines[start + 6] == (
        "scores: bucc2018 test, f1: none at layer 1, mean pooling; nli at layer 1, mean pooling"
    )
    assert "* best layer and pooling, chosen on dev" in lines[start:]
    assert " ".join(lines).endswith(
        "nli vs none on bucc2018 test: +0.0 points each model at its best layer and pooling of "
        "dev (better in 0 of 1 language: de)"
    )


def test_without_results() -> None:
    assert printed([]) == ["Nothing was evaluated: the recipe has no results to show."]


def test_print_table_keeps_every_word_of_the_last_column() -> None:
    file = io.StringIO()
    console = make_console(file)
    print_table([{"n": 1, "what": "word " * 60}, {"n": 20, "what": "short"}], console)
    lines = file.getvalue().splitlines()
    assert max(map(len, lines)) <= 100
    assert file.getvalue().count("word") == 60


def test_one_layer_needs_no_table_of_layers() -> None:
    rows = [
        row(
            model,
            "de",
            value,
            task="bucc2018",
            metric=metric,
            main=metric == "f1",
            layer=3,
            baseline="none",
        )
        for model, metric, value in (
            ("none", "f1", 20.04),
            ("none", "threshold", 1.0625),
            ("nli", "f1", 20.0),
            ("nli", "threshold", 1.0),
        )
    ]
    lines = printed(rows)
    assert lines[0] == "scores: bucc2018 dev, f1 at layer 3"
    assert "threshold, mean: none 1.0625, nli 1.0000" in lines
    assert not any("*" in line for line in lines)
    assert lines[-1] == (
        "nli vs none on bucc2018 dev: +0.0 points at layer 3 (better in 0 of 1 language: de)"
    )


def test_without_a_comparison_there_is_no_column_for_it() -> None:
    lines = printed([row("direct", "en", 80.0), row("direct", "de", 60.0)])
    assert lines[1].split() == ["model", "mean", "zero-shot", "en*", "de"]


def test_a_star_stands_at_the_models_that_were_trained_in_a_language() -> None:
    """Above a column, it would say this of all models, as it does of English."""
    both = {"direct": ("en",), "few": ("en", "sw")}
    rows = [
        row(model, code, 50.0, trained_in=codes)
        for model, codes in both.items()
        for code in ("en", "sw", "de", "yo")
    ]
    lines = printed(rows)
    assert [line.split() for line in (lines[1], *lines[3:5])] == [
        ["model", "mean", "+/-", "zero-shot", "+/-", "en*", "sw", "de", "yo"],
        ["direct", "50.0", "50.0", "50.0", "50.0", "50.0", "50.0"],
        ["few", "50.0", "+0.0", "50.0", "+0.0", "50.0", "50.0*", "50.0", "50.0"],
    ]
    assert lines[6:8] == [
        "* language of the training data of this model; above a column, of all models",
        "zero-shot: the mean over de and yo, which no model of this table was trained in",
    ]


def test_languages_of_training_are_marked_in_retrieval_too() -> None:
    rows = [
        row(model, code, 50.0, layer=layer, trained_in=codes, baseline="none")
        for model, codes in (("none", ()), ("lexical", ("en", "hi")))
        for code in ("hi", "de")
        for layer in (1, 2)
    ]
    lines = printed(rows)
    start = next(at for at, line in enumerate(lines) if line.startswith("model"))
    assert lines[start].split() == ["model", "mean", "+/-", "zero-shot", "+/-", "hi", "de"]
    assert lines[start + 3].split() == [
        *("lexical", "50.0", "+0.0", "50.0", "+0.0", "50.0*", "50.0"),
    ]
    assert lines[start + 5 : start + 8] == [
        "* best layer, chosen on the same sentences",
        "* at a language: language of the training data of this model",
        "zero-shot: the mean over de, which no model of this table was trained in",
    ]


def test_the_footer_says_which_model_has_which_caps_and_shots() -> None:
    made = {
        "english.s3": ("train 200, evaluate 100", "mini > sib200 (seq_bn, 200 examples)", 3),
        "alone.s1": ("evaluate 100", "mini > sib200[5 shots](yor_Latn) (seq_bn)", 1),
        "mix.s10": ("train 100 of sib200, evaluate 100",
                    "mini > sib200[100] + sib200[5 shots](yor_Latn) (seq_bn)", 10),
        "mix.s2": ("train 100 of sib200, evaluate 100",
                   "mini > sib200[100] + sib200[5 shots](yor_Latn) (seq_bn)", 2),
    }  # fmt: skip
    rows = [
        replace(row(model, "de", 50.0), caps=caps, lineage=lineage, seed=seed)
        for model, (caps, lineage, seed) in made.items()
    ]
    [section] = sections(rows)
    assert section.rests_on[2:4] == [
        "caps: train 200, evaluate 100 (english.s3); evaluate 100 (alone.s1); "
        "train 100 of sib200, evaluate 100 (mix.s10, mix.s2)",
        "shots: 5 (alone.s1, mix.s10, mix.s2)",
    ]
    assert section.rests_on[-1] == "seed: 1, 2, 3, 10"
    [alike] = sections(rows[1:2])
    assert alike.rests_on[2:4] == ["caps: evaluate 100", "shots: 5"]
    [capped] = sections([rows[0], replace(rows[1], caps="", lineage="mini > sib200 (seq_bn)")])
    assert capped.rests_on[2] == "caps: train 200, evaluate 100 (english.s3); none (alone.s1)"
    assert not any("shots" in one for one in capped.rests_on)
