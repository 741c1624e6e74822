"""What is known of the data that a backbone was made with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapterxlt.report.makers import Makers, makers_of
from adapterxlt.report.page import render
from adapterxlt.report.read import Run, read_runs
from tests.report.made_up import study
from tests.report.rows import row


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return study(tmp_path, intermediates=("none", "mnli"), targets=("sib200",),
                 languages=("en", "de"), seeds=(1,), examples=40, layers=0)  # fmt: skip


def tell(folder: Path, seen: object) -> None:
    """Write into every manifest what its recipe says of the backbone."""
    for path in folder.glob("store/*/*/manifest.json"):
        document = json.loads(path.read_text())
        document["lineage"]["steps"][-1]["params"]["seen"] = seen
        path.write_text(json.dumps(document))


def test_what_was_told_and_compared_is_on_the_page(made: Path) -> None:
    tell(made, ["mnli", f"squad {'0' * 16}", "xnli (train of mnli)"])
    runs = read_runs((made,), print)
    absent = ("mnli", "xnli (train of mnli)")
    assert makers_of(runs) == [Makers("made-up", ("squad",), absent, hub=False, recorded=True)]
    text = render(runs, {}, [])
    start = text.index('<section id="seen">')
    told = text[start : text.index("</section>", start)]
    assert "the makers of made-up trained it on mnli, squad, xnli (train of mnli)." in told
    assert "compared with those of squad." in told
    assert "had no files of mnli, xnli (train of mnli), so no evaluation could be" in told
    assert "not listed here may therefore contain texts that the model has seen" in told
    assert told.index("As the recipe says") < told.index("These evaluations contain")


def test_a_recipe_that_tells_nothing_is_not_a_clean_one(made: Path) -> None:
    runs = read_runs((made,), print)
    assert makers_of(runs) == [Makers("made-up", (), (), hub=False, recorded=True)]
    assert "The recipe names no data that the makers of made-up trained it on" in render(
        runs, {}, []
    )


@pytest.mark.parametrize("seen", [7, {"a": 1}, [["mnli"]], None])
def test_manifests_of_others_are_but_text(made: Path, seen: object) -> None:
    tell(made, seen)
    [found] = makers_of(read_runs((made,), print))
    assert found.compared == ()


def test_results_without_a_store_say_so() -> None:
    runs = [Run(Path("runs"), "test", (row("m", "de", 1.0),))]
    assert makers_of(runs) == [Makers("mini", (), (), hub=False, recorded=False)]
    text = render(runs, {}, [])
    assert "What the makers of mini trained it on is not recorded in these results." in text
    assert "no text of an evaluation was found" in text
