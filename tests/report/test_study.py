"""What comparisons say together, and how it is written down."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

import adapterxlt.report
from adapterxlt.languages import parse_tag
from adapterxlt.report.comparisons import Comparison, Unseen, compared
from adapterxlt.report.facts import facet_of
from adapterxlt.report.forest import forest
from adapterxlt.report.groups import facets
from adapterxlt.report.labels import Label, without_caps
from adapterxlt.report.origins import Origin, origin_of
from adapterxlt.report.page import render
from adapterxlt.report.read import Run, read_runs
from adapterxlt.report.study import Study
from adapterxlt.report.systems import Key, contests
from adapterxlt.report.written import latex, markdown, table
from adapterxlt.results.training import trained_behind
from adapterxlt.tasks.catalogue import catalogue
from tests.report.made_up import study
from tests.report.rows import row

FOLDER = Path(adapterxlt.report.__file__).parent / "data"
Made = tuple[list[Run], dict[Key, Comparison]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("study")
    study(folder, intermediates=("none", "mnli", "squad", "mixed"), targets=("sib200", "pawsx"),
          languages=("en", "de", "ru", "sw"), seeds=(1, 2), examples=300, layers=2)  # fmt: skip
    runs = read_runs((folder,), print)
    return runs, compared(runs, resamples=1000)


@pytest.mark.parametrize(
    ("lineage", "layer", "wanted"),
    [
        ("mini", None, ((), "", "")),
        ("mini > pawsx (seq_bn)", None, ((), "", "seq_bn")),
        ("mini > mnli (seq_bn) > udpos (lora[r=8, alpha=16], 200 examples, after)", None,
         (("mnli",), "after", "lora[r=8, alpha=16]")),
        ("mini > mnli + squad[200] (full, equal) > udpos (full, after)", None,
         (("mnli + squad[200]",), "after", "full")),
        ("mini > fuse(mnli (seq_bn) + squad (seq_bn)) > pawsx (fusion)", None,
         (("mnli", "squad"), "fuse", "")),
        ("mini > merge(mnli (lora) > pawsx (lora, after) + pawsx (lora))", None,
         (("mnli",), "merge", "")),
        ("mini > merge(mnli (lora) + squad (lora))", 3, (("mnli", "squad"), "merge", "")),
        ("mini > mnli (lora)", 3, (("mnli",), "", "lora")),
        ("mini > sib200(eng_Latn) (lora) > sib200(deu_Latn) (lora, after)", None,
         ((), "after", "lora")),
        ("mini > fuse(mnli (seq_bn) + pawsx (seq_bn)) > pawsx (fusion)", None,
         (("mnli",), "fuse", "")),
    ],
)  # fmt: skip
def test_origins(lineage: str, layer: int | None, wanted: tuple[tuple[str, ...], str, str]) -> None:
    found = origin_of(replace(row("named otherwise", "de", 1.0, layer=layer), lineage=lineage))
    assert found == Origin("mini", *wanted, ())


def test_a_task_with_the_data_of_the_target_is_not_intermediate() -> None:
    """XGLUE's XNLI trains on MNLI."""
    twice = replace(row("m", "de", 1.0), lineage="mini > mnli (full) > xglue_xnli (full, after)")
    assert origin_of(twice).intermediate == ("mnli",)
    found = origin_of(replace(twice, same_data=("mnli",)))
    assert (found.intermediate, found.how, found.tasks) == ((), "after", "the same task")
    both = "mini > squad (full) > mnli (full, after) > xglue_xnli (full, after)"
    found = origin_of(replace(twice, lineage=both, same_data=("mnli",)))
    assert (found.intermediate, found.tasks) == (("squad",), "squad")


def test_a_hostile_lineage_is_but_text() -> None:
    for lineage in ("", " > ", "(((", ")))", "fuse(", "a > fuse(b + c) > ", "x" * 3000):
        origin_of(replace(row("m", "de", 1.0), lineage=lineage))


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


def test_places_of_the_forest_keep_order_and_sign(made: Made) -> None:
    runs, comparisons = made
    plot = forest(Study(contests(runs), comparisons).findings)
    assert plot is not None
    assert [block.sizes for block in plot.blocks] == [
        ("900 examples", "3 languages", "2 seeds"), ("900 examples", "3 languages", "2 seeds"),
        ("300 examples", "3 languages", "1 seed"),
    ]  # fmt: skip
    assert [len(block.marks) for block in plot.blocks] == [3, 3, 3]
    for block in plot.blocks:
        for mark in block.marks:
            assert 0 <= mark.low <= mark.at <= mark.high <= 100
            assert (mark.at > block.zero) == (mark.finding.gain > 0)
        assert {text: place for place, text in block.lines}["0"] == block.zero


def test_no_gain_lies_beyond_the_forest(made: Made) -> None:
    runs, comparisons = made
    far = next(iter(comparisons))
    told = comparisons | {far: replace(comparisons[far], points=-99.0, low=-300.0, high=-20.0)}
    plot = forest(Study(contests(runs), told).findings)
    assert plot is not None
    block, *others = plot.blocks
    (lost,) = [mark for mark in block.marks if mark.finding.found is told[far]]
    assert (lost.at, lost.low, lost.cut_low) == (pytest.approx(0.0, abs=5.0), 0.0, True)
    places = {float(text): place for place, text in block.lines}
    assert places[min(places)] == 0.0
    assert min(places) <= -99.0
    before = forest(Study(contests(runs), comparisons).findings)
    assert before is not None
    assert others == before.blocks[1:]  # every target has an axis of its own
    assert (plot.cut, before.cut) == (True, False)


@pytest.mark.parametrize(
    ("reaches", "ends", "cut"),
    [
        ([3.0, 4.0, 380.0], (-4.0, 4.0), [False, False, True]),  # a training that has diverged
        ([28.4, 12.6, 5.6, 31.8, 8.3], (-40.0, 40.0), [False] * 5),  # little longer
        ([50.0], (-60.0, 60.0), [False]),
        ([0.0, 0.0], (-0.001, 0.001), [False, False]),
    ],
)
def test_the_axis_holds_what_most_intervals_need(
    made: Made, reaches: list[float], ends: tuple[float, float], cut: list[bool]
) -> None:
    runs, comparisons = made
    finding = Study(contests(runs), comparisons).findings[0]
    plot = forest([
        replace(finding, found=replace(finding.found, points=0.0, low=-far, high=far))
        for far in reaches
    ])  # fmt: skip
    assert plot is not None
    [block] = plot.blocks
    assert (float(block.lines[0][1]), float(block.lines[-1][1])) == ends
    assert [mark.cut_low for mark in block.marks] == cut
    assert [mark.cut_high for mark in block.marks] == cut


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


@pytest.mark.parametrize(
    ("tasks", "shown"),
    [
        (["none", "mnli[600] + squad[150]"], ["none", "mnli + squad"]),
        (["mnli[600] + squad[150]"] * 2, ["mnli + squad"] * 2),
        (["mnli[600] + squad", "mnli[60] + squad"], ["mnli[600] + squad", "mnli[60] + squad"]),
        (["xnli[translated](de)"], ["xnli[translated](de)"]),
    ],
)
def test_amounts_stand_only_where_they_tell_rows_apart(tasks: list[str], shown: list[str]) -> None:
    assert without_caps(tasks) == shown


def test_groups_hold_every_language_once(made: Made) -> None:
    runs, comparisons = made
    findings = Study(contests(runs), comparisons).findings
    found = {facet.name: facet for facet in facets(findings)}
    assert found["class"].groups == ("2", "4", "5")
    assert found["script"].groups == ("Cyrl", "Latn")
    for facet in found.values():
        for finding, cells in facet.rows:
            codes = [code for group in cells.values() for code in group.languages]
            assert sorted(codes) == sorted(finding.found.languages)
            mean = sum(len(group.languages) * group.gain for group in cells.values()) / len(codes)
            assert mean == pytest.approx(finding.gain)


@pytest.mark.parametrize(
    ("trained_in", "languages"),
    [
        (("en",), ()),
        (("en", "eng_Latn"), ()),
        (("en", "deu_Latn", "eng_Latn", "de"), ("en", "deu_Latn")),
        (("deu_Latn", "eng_Latn"), ("eng_Latn", "deu_Latn")),
        (("de",), ("de",)),
        ((), ()),
    ],
)
def test_english_is_english_by_any_code(
    trained_in: tuple[str, ...], languages: tuple[str, ...]
) -> None:
    assert origin_of(row("m", "de", 1.0, trained_in=trained_in)).languages == languages


def test_facts_of_languages() -> None:
    assert [facet_of("deu_Latn", name) for name in ("class", "script", "family")] == [
        "5", "Latn", "Germanic",
    ]  # fmt: skip
    assert facet_of("zho_Hant", "script") == "Hant"
    assert facet_of("xx", "class") == "not known"
    assert facet_of("sw", "language") == "sw"
    # As the list of Joshi et al. (2020) has them, which calls some by other names.
    classes = {
        "eng_Latn": "5",
        "zho_Hans": "5",
        "eus_Latn": "4",
        "srp_Cyrl": "4",
        "arz_Arab": "3",
        "bos_Latn": "3",
        "uzn_Latn": "3",
        "hat_Latn": "2",
        "zul_Latn": "2",
        "amh_Ethi": "2",
        "sin_Sinh": "1",
        "sot_Latn": "1",
        "nob_Latn": "1",
        "nno_Latn": "1",
        "kmr_Latn": "1",
        "ckb_Arab": "1",
        "yue_Hant": "1",
        "azj_Latn": "1",
        "jav_Latn": "1",
        "mkd_Cyrl": "1",
        "mni_Beng": "0",
    }
    assert {code: facet_of(code, "class") for code in classes} == classes


def test_every_line_of_the_languages_is_whole_and_of_the_catalogue() -> None:
    tasks = catalogue()
    used = {(parse_tag(code) or (code, ""))[0] for name in tasks for code in tasks[name].languages}
    lines = [
        line.split("\t")
        for line in (FOLDER / "languages.tsv").read_text("utf-8").splitlines()
        if line[0] != "#"
    ]
    codes = [line[0] for line in lines]
    assert codes == sorted({*codes})
    assert {*codes} <= used | {"no"}  # of which tasks have the two written forms
    for _, name, script, family, resource in lines:
        assert name[0].isupper()
        assert re.fullmatch("[A-Z][a-z]{3}", script)
        assert family[0].isupper()
        assert resource in "012345"


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


def test_markdown_and_latex_have_every_cell(made: Made) -> None:
    runs, comparisons = made
    found = Study(contests(runs), comparisons)
    text, tex = markdown(found, ["a|b"]), latex(found)
    assert text.startswith("# Did the intermediate task help?\n")
    assert "- a\\|b" in text
    for one in found.findings:
        assert one.figures in text
        low, high = one.interval
        assert f"[{low:+.1f}, {high:+.1f}]$" in tex.replace("-0.0", "+0.0")
    assert tex.count(r"\\") == 1 + len(found.rows)
    evil = replace(found.findings[0], label=Label("[2pt] <img src=x>", "[2pt] <img src=x>", ""))
    found.__dict__.update(rows=[evil.row], cells={(evil.row, evil.column): evil})
    found.findings = [evil]
    assert "\n{}[2pt] \\textless{}img" in latex(found)  # `\\` would take `[2pt]` as its argument
    assert "<img" not in markdown(found, []).replace("\\<img", "")
    assert markdown(Study([], {}), []).count("Nothing is compared, as no stage measures") == 1
    assert (
        latex(Study([], {}))
        == "% Nothing is compared, as no stage measures a model and its baseline.\n"
    )
    kept = contests(runs)
    assert latex(Study(kept, {})).startswith("% Models are not compared in pairs, because no outc")


def test_the_second_figure_and_equality_are_in_every_form(made: Made) -> None:
    runs, comparisons = made
    (key, one), *others = comparisons.items()
    unseen = Unseen(1.25, -0.5, 3.0, 890)
    full = replace(one, unseen=unseen, equivalence=2.0, equivalent=True, constant=("a.s1",))
    plain = Study(contests(runs), {key: replace(one, unseen=None), **dict(others)})
    told = Study(contests(runs), {key: full, **dict(others)})
    text, tex = markdown(told, []), latex(told)
    assert " | +1.2 [-0.5, +3.0] | " in text
    assert " | within 2 | " in text
    assert "a.s1 gives every example the same answer" in text
    assert "; $+1.2 [-0.5, +3.0]$}" in tex
    assert "% after a semicolon: without examples seen before" in tex
    assert " = {\\scriptsize" in tex
    assert "% =: equal within the margin that the recipe gives" in tex
    assert "| equal |" not in markdown(plain, [])
    assert "% =" not in latex(plain)
    lines = csv.DictReader(io.StringIO(table(runs, {key: full})))
    cell = next(line for line in lines if line["comparison_points"])
    names = ("unseen_points", "unseen_low", "unseen_high", "unseen_examples", "equivalence",
             "equivalent", "examples", "counts", "seeds")  # fmt: skip
    assert [cell[f"comparison_{name}"] for name in names] == [
        "1.25", "-0.5", "3.0", "890", "2.0", "True", "900", "example", "2",
    ]  # fmt: skip


def test_csv_has_every_row_and_no_formula(made: Made) -> None:
    runs, comparisons = made
    found = list(csv.DictReader(io.StringIO(table(runs, comparisons))))
    assert len(found) == sum(len(run.rows) for run in runs)
    told = [one for one in found if one["comparison_verdict"]]
    assert {one["model"] for one in told if one["task"] == "pawsx"} == {
        f"{name}_s{seed}" for name in ("mnli", "squad", "mixed") for seed in (1, 2)
    }
    assert {one["intermediate"] for one in told} == {"mnli", "squad", "mnli + squad"}
    evil = [replace(row("=1+1", "de", 50.0), caps="@SUM(A1)", data="a\rb")]
    [line] = csv.DictReader(io.StringIO(table([Run(Path(), "test", tuple(evil))], {})))
    assert (line["model"], line["caps"], line["data"]) == ("'=1+1", "'@SUM(A1)", "a b")
