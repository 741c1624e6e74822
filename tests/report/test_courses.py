"""Small curves of losses, and what the page says of trainings that have none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapterxlt.report.courses import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, courses
from adapterxlt.report.page import render
from adapterxlt.report.read import read_runs
from adapterxlt.results.training import Training
from adapterxlt.store.losses import FOLDER, course_of
from tests.report.made_up import study


def training(losses: list[float], task: str = "nli", **more: object) -> Training:
    known = {"before": "", "method": "lora", "seed": 1, "seconds": None, "examples": 2000}
    told = {**known, "loss": losses[-1], "epochs": (), "course": course_of(losses), **more}
    return Training("f" * 64, task, **told)  # type: ignore[arg-type]


def test_all_of_a_task_have_one_axis() -> None:
    [(task, (one, other)), (another, [single])] = courses(
        [training([2.0, 1.0]), training([1.5, 0.5], before="qa", seed=2), training([9.0], "pos")]
    )
    assert (task, another) == ("nli", "pos")
    assert [(one.top, one.bottom), (other.top, other.bottom)] == [("2.00", "0.50")] * 2
    middle = (LEFT + WIDTH - RIGHT) / 2
    span = HEIGHT - BOTTOM - TOP
    assert one.points == [(middle, TOP), (WIDTH - RIGHT, round(TOP + span * 2 / 3, 1))]
    assert other.points[-1] == (WIDTH - RIGHT, HEIGHT - BOTTOM)
    assert other.name == "after qa, lora, seed 2"
    assert single.points == [(WIDTH - RIGHT, TOP + span / 2)]


def test_figures_stand_with_their_n() -> None:
    losses = [1.2345 - step / 1000 for step in range(1000)]
    dev = [(500, 61.25), (1000, 60.0)]
    [(_, [curve])] = courses([training(losses, course=course_of(losses, dev), dev_examples=300)])
    assert curve.figures == (
        "1,000 steps; 2,000 examples; loss 1.23 → 0.24; dev of 300 examples 61.2 → 60.0, best 61.2"
    )
    assert curve.ends == [123.0, 212.0]
    assert curve.tip.startswith("nli, directly, lora, seed 1\nlosses, means of 10 steps:\n")
    assert "until step 1,000: 0.24" in curve.tip
    assert curve.tip.endswith("dev after step 1,000: 60.0")


def test_without_losses_there_is_no_curve() -> None:
    assert courses([training([1.0], course=None)]) == []


def test_the_page_draws_every_training_or_says_that_it_has_none(tmp_path: Path) -> None:
    study(tmp_path, intermediates=("none", "mnli"), targets=("sib200",), languages=("en", "de"),
          seeds=(1, 2), examples=50, layers=0)  # fmt: skip
    runs = read_runs((tmp_path,), print)
    text = render(runs, {}, [])
    assert text.count('aria-label="Loss of ') == 6  # mnli, sib200 alone and after it; two seeds
    assert "400 steps; 2,000 examples; loss 1.17 → 0.40; dev of 500 examples 57.0 → 66.0" in text
    assert "The store has no losses" not in text

    kept = sorted((tmp_path / "store" / FOLDER).iterdir())
    kept[0].unlink()
    text = render(runs, {}, [])
    assert text.count('aria-label="Loss of ') == 5
    assert "The store has no losses of 1 of 6 trainings: an earlier version trained it" in text

    shutil.rmtree(tmp_path / "store" / FOLDER)
    text = render(runs, {}, [])
    assert 'aria-label="Loss of ' not in text
    assert "The store has no losses of 6 of 6 trainings, so there is no curve: " in text
    assert "trained them" in text


@pytest.mark.parametrize("evil", ['"><script>alert(1)</script>', "' onmouseover='alert(1)"])
def test_names_are_text(tmp_path: Path, evil: str) -> None:
    [(task, [curve])] = courses([training([1.0, 0.5], evil, method=evil)])
    assert task == evil
    assert curve.name == f"directly, {evil}, seed 1"
