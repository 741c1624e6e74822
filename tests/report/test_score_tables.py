"""Tables of scores over seeds."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pytest
from rich.console import Console

from adapterxlt.report.page import render
from adapterxlt.report.read import Run, read_runs
from adapterxlt.report.score_tables import score_tables, seed_tables
from adapterxlt.report.tables import print_results
from tests.report.made_up import study
from tests.report.measured import Measured
from tests.report.rows import row


def share(count: int) -> np.ndarray:
    """`count` right answers of a hundred."""
    return np.arange(100) < count


def add(work: Measured, model: str, seed: int, de: int, sw: int, stage: str, kind: str) -> None:
    right = {"en": share(80), "de": share(de), "sw": share(sw)}
    baseline = "" if model == "direct" else f"direct.s{seed}"
    known = {"setup": kind, "seed": seed, "stage": f"{stage}.s{seed}", "baseline": baseline}
    work.add(f"{model}.s{seed}", f"{model}{seed}", right, **known)


def printed(runs: list[Run], width: int = 100) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_results(runs[0].rows, {}, console, tables=seed_tables(runs))
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.fixture
def runs(tmp_path: Path) -> list[Run]:
    """Two models, each under three seeds that three stages measured."""
    work = Measured(tmp_path)
    for seed, de, sw in ((1, 50, 41), (2, 53, 40), (3, 59, 45)):
        add(work, "direct", seed, de, sw, "scores", "d")
        add(work, "after", seed, de + seed, sw, "scores", "a")
    return read_runs((work.save(),), print)


def test_means_and_standard_deviations_over_seeds(runs: list[Run]) -> None:
    [table] = seed_tables(runs)
    assert table.title == "pawsx dev, accuracy, mean over seeds"
    assert table.head == ["model", "seeds", "mean", "zero-shot", "en*", "de", "sw"]
    assert [row[:2] for row in table.body] == [["direct.s*", "3"], ["after.s*", "3"]]
    de = table.score("direct.s*", "de")
    assert de is not None
    assert de.deviation is not None
    assert (de.value, de.deviation) == pytest.approx((54, stdev([50, 53, 59])))
    both = table.score("direct.s*", "zero-shot")
    own = [(50 + 41) / 2, (53 + 40) / 2, (59 + 45) / 2]
    assert both is not None
    assert both.deviation is not None
    assert (both.value, both.deviation) == pytest.approx((mean(own), stdev(own)))
    assert table.body[0][-3:] == ["80.0 ± 0.0", "54.0 ± 4.6", "42.0 ± 2.6"]
    assert "seed: 1, 2, 3" in table.notes[1]


def test_it_stands_for_the_tables_of_single_seeds(runs: list[Run]) -> None:
    text = printed(runs)
    assert text.count("pawsx dev, accuracy") == 1
    assert "after.s*       3" in text
    assert "after.s1  " not in text
    assert "± is the standard deviation over seeds (n - 1)" in text
    assert [one.title for one in score_tables(runs)] == ["pawsx dev, accuracy, mean over seeds"]
    narrow = printed(runs, 40)
    heads = [line.split() for line in narrow.splitlines() if line.strip().startswith("model")]
    assert heads == [["model", "seeds", "mean"], ["model", "zero-shot", "en*"],
                     ["model", "de", "sw"]]  # fmt: skip


def test_a_table_that_has_every_seed_itself_stays(tmp_path: Path) -> None:
    work = Measured(tmp_path).add("direct", "d", {"de": share(50)})
    for seed in (1, 2):
        work.add(f"m{seed}", f"m{seed}", {"de": share(50 + seed)}, setup="m", seed=seed)
    runs = read_runs((work.save(),), print)
    text = printed(runs)
    assert "scores: pawsx dev, accuracy" in text
    assert "m1 " in text
    [over, single] = score_tables(runs)
    assert over.body == [["direct", "1", "50.0", "50.0"], ["m*", "2", *["51.5 ± 0.7"] * 2]]
    assert [line[0] for line in single.body] == ["direct", "m1", "m2"]
    assert single.head == ["model", "mean", "de"]


def test_without_several_seeds_there_is_none(tmp_path: Path) -> None:
    rows = tuple(row(model, "de", 50.0) for model in ("direct", "nli"))
    runs = [Run(tmp_path, "test", rows)]
    assert seed_tables(runs) == []
    assert [one.title for one in score_tables(runs)] == ["scores: pawsx dev, accuracy"]


def test_seeds_of_other_folders_and_crossed_seeds_count(tmp_path: Path) -> None:
    for seed in (1, 2):
        work = Measured(tmp_path / str(seed))
        (tmp_path / str(seed)).mkdir()
        work.add("nli", f"nli{seed}", {"de": share(50 + seed)}, setup="n", seed=seed)
        work.save()
    [table] = seed_tables(read_runs((tmp_path / "1", tmp_path / "2"), print))
    assert table.body == [["nli", "2", *["51.5 ± 0.7"] * 2]]
    made = study(tmp_path / "grid", intermediates=["none", "mnli"], targets=["xnli"], layers=0,
                 languages=["en", "de"], seeds=(1, 2), grid=True)  # fmt: skip
    [table] = seed_tables(read_runs((made,), print))
    assert [line[:2] for line in table.body] == [["none_s*", "2"], ["mnli_s*.*", "2 x 2"]]


def test_models_of_one_name_that_differ_in_more_than_seeds_are_told_apart(tmp_path: Path) -> None:
    work = Measured(tmp_path)
    for number, kind in ((1, "a"), (2, "a"), (3, "b"), (4, "b")):
        work.add(f"m.s{number}", str(number), {"de": share(50 + number)}, setup=kind, seed=number)
    [table] = seed_tables(read_runs((work.save(),), print))
    assert list(table.models) == ["m.s*", "m.s* (2)"]


def test_marks_and_notes_are_those_of_every_seed(runs: list[Run]) -> None:
    rows = [
        replace(one, contamination="mnli 2 of 100 texts" if one.language == "de" else "")
        for one in runs[0].rows
    ]
    [table] = seed_tables([replace(runs[0], rows=tuple(rows))])
    assert table.body[0][-2:] == ["54.0 ± 4.6!", "42.0 ± 2.6"]
    assert "! seen before (direct.s*, after.s*): de: mnli 2 of 100 texts" in table.notes


def test_the_page_has_it(runs: list[Run]) -> None:
    page = render(runs, {}, [])
    table = page.partition("<h3>pawsx dev, accuracy, mean over seeds</h3>")[2].partition("</div>")
    assert "<tr><td>direct.s*</td><td>3</td><td data-v=" in table[0]
    assert '<td data-v="54.0">54.0 ± 4.6</td><td data-v="42.0">42.0 ± 2.6</td></tr>' in table[0]
    assert "± is the standard deviation over seeds (n - 1)" in table[2]
