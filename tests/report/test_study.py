"""What comparisons say together."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from adapterxlt.report.comparisons import Comparison, Unseen
from adapterxlt.report.forest import forest
from adapterxlt.report.page import render
from adapterxlt.report.study import Study
from adapterxlt.report.systems import Key, contests
from adapterxlt.results.training import trained_behind
from tests.report.conftest import Made


def test_rows_and_columns_are_what_was_trained_not_what_it_is_called(made: Made) -> None:
    runs, comparisons = made
    found = Study(contests(runs), comparisons)
    assert found.rows == ["mnli", "squad", "mnli + squad"]
    assert found.columns == ["sib200", "pawsx", "tatoeba"]
    assert len(found.cells) == 9
    assert all(one.helps for one in found.findings)
    assert found.question == "Did the intermediate task help?"


def test_the_answer_is_made_of_the_numbers(made: Made) -> None:
    runs, comparisons = made
    found = Study(contests(runs), comparisons)
    count, extremes = found.answer
    verdicts = Counter(one.verdict for one in found.findings)
    assert verdicts == {"better": 1, "not shown": 8}
    assert count == (
        "Of 9 comparisons with a model that had no intermediate task, 1 shows a gain (on tatoeba) "
        "and none shows a loss (5 %, Holm over 9 comparisons). In the other 8 no difference is "
        "shown, which does not mean that there is none."
    )
    best = max((one for one in found.findings if one.shown), key=lambda one: one.gain)
    assert f"{best.row} on {best.column}: {best.figures} points" in extremes

    unclear = {key: replace(one, verdict="not shown") for key, one in comparisons.items()}
    count, extremes = Study(contests(runs), unclear).answer
    assert count == (
        "None of 9 comparisons with a model that had no intermediate task shows a difference (5 %, "
        "Holm over 9 comparisons), which does not mean that there is none."
    )
    assert "can be due to chance" in extremes


def in_units(made: Made, **metrics: str) -> dict[Key, Comparison]:
    """The comparisons, with other metrics on some of the tasks, whose differences are large."""
    _, comparisons = made
    far = {"points": -300.0, "low": -310.0, "high": -290.0, "verdict": "better"}
    return {
        key: replace(one, metric=metrics[one.task], **far) if one.task in metrics else one
        for key, one in comparisons.items()
    }


def test_only_figures_in_one_unit_are_ranked_and_drawn_together(made: Made) -> None:
    runs, comparisons = made
    percent = {key: one for key, one in comparisons.items() if one.task != "sib200"}
    told = in_units(made, sib200="perplexity")
    found = Study(contests(runs), told)
    assert found.answer[1] == Study(contests(runs), percent).answer[1]
    plot, alone = forest(found.findings), forest(Study(contests(runs), percent).findings)
    assert plot is not None
    assert alone is not None
    assert plot.blocks == alone.blocks
    assert [block.target for block in plot.blocks] == ["pawsx", "tatoeba"]
    assert (plot.counted_in, plot.left_out, plot.elsewhere) == ("points", 0, ["perplexity"])
    page = render(runs, told, [])
    assert "Gains in perplexity are only in the table below." in page
    assert "300.0 [+290.0, +310.0] perplexity, 95 %" in page
    assert '<td data-v="300.0">+300.0 perplexity</td>' in page


def test_without_percentages_the_first_unit_is_spoken_of(made: Made) -> None:
    runs, _ = made
    found = Study(
        contests(runs), in_units(made, sib200="loss", pawsx="perplexity", tatoeba="perplexity")
    )
    assert "+300.000 [+290.000, +310.000] nats a token (" in found.answer[1]
    plot = forest(found.findings)
    assert plot is not None
    assert (plot.counted_in, plot.elsewhere) == ("nats a token", ["perplexity"])
    unclear = [replace(one, found=replace(one.found, verdict="not shown", points=-0.012,
                                          low=-0.05, high=0.03))
               for one in found.findings]  # fmt: skip
    found.findings = unclear
    assert "reach 0.040 nats a token to each side" in found.answer[1]
    assert found.findings[0].figures == "+0.012 [-0.030, +0.050]"


def test_the_unseen_examples_have_the_sign_of_the_gain(made: Made) -> None:
    runs, _ = made
    one = Study(contests(runs), in_units(made, sib200="perplexity")).findings[0]
    assert one.unseen == ""
    told = replace(one, found=replace(one.found, unseen=Unseen(-200.0, -220.0, -190.0, 9)))
    assert told.unseen == "+200.0 [+190.0, +220.0]"
    assert replace(told, found=replace(told.found, metric="f1")).unseen == "-200.0 [-220.0, -190.0]"


def test_training_is_told_where_the_store_has_it(made: Made) -> None:
    [run], _ = made
    cells = {one.cell: one for one in run.rows if one.model == "mnli_s1" and one.layer is None}
    for cell, one in cells.items():
        before, last = trained_behind(run.workdir, cell)
        assert (before.task, before.before, last.task, last.before) == (
            "mnli",
            "",
            one.task,
            "mnli",
        )
        assert last.loss == 0.4
        assert last.epochs[0] == (100, 57.0)
        assert last.seconds is not None
    assert trained_behind(run.workdir, "../../etc/passwd") == []
    assert trained_behind(run.workdir, "0" * 64) == []
