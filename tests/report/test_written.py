"""How comparisons are written down: Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

from adapterxlt.report.comparisons import Unseen
from adapterxlt.report.forms import written
from adapterxlt.report.labels import Label
from adapterxlt.report.read import Run
from adapterxlt.report.study import Study
from adapterxlt.report.systems import contests
from adapterxlt.report.written import latex, markdown, table
from tests.report.conftest import Made
from tests.report.rows import row


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


def test_markdown_and_latex_begin_with_the_scores(tmp_path: Path) -> None:
    """Even of a single model, which is compared with nothing."""
    folder = tmp_path / "runs"
    rows = [row("a_b", code, value, baseline="a_b") for code, value in (("en", 91.26), ("de", 80))]
    runs = [Run(folder, "test", tuple(rows))]
    text, tex = (written(form, runs, {}, []) for form in ("markdown", "latex"))
    assert text.startswith(
        "# Scores\n\n## scores: pawsx dev, accuracy\n\n| model | mean | zero-shot | en* | de |\n"
        "| --- | --- | --- | --- | --- |\n| a_b | 85.6 | 80.0 | 91.3 | 80.0 |\n\n- protocol: "
    )
    assert text.endswith("\nNothing is compared, as no stage measures a model and its baseline.\n")
    assert tex.startswith(
        "% \\usepackage{booktabs}\n% scores: pawsx dev, accuracy\n\\begin{tabular}{lrrrr}\n"
        "\\toprule\nmodel & mean & zero-shot & en* & de \\\\\n\\midrule\n"
        "{}a\\_b & 85.6 & 80.0 & 91.3 & 80.0 \\\\\n\\bottomrule\n\\end{tabular}\n% protocol: "
    )
    assert tex.endswith("% Nothing is compared, as no stage measures a model and its baseline.\n")
    seeded = [replace(each, seed=seed, setup="m", model=f"m.s{seed}", stage=f"s{seed}",
                      contamination="mnli 1 of 400 texts", value=each.value + seed)
              for each in rows for seed in (1, 2)]  # fmt: skip
    tex = written("latex", [Run(folder, "test", tuple(seeded))], {}, [])
    assert "{}m.s* & 2 & 87.1 $\\pm$ 0.7 & 81.5 $\\pm$ 0.7 & 92.8 $\\pm$ 0.7! & 81.5 " in tex
