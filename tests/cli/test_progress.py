"""Plain progress lines and terminal bars."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from adapterxlt.cli.progress import BarProgress, open_progress
from adapterxlt.progress import STEP
from adapterxlt.progress_lines import LineProgress, duration


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_plain_lines_every_ten_seconds_and_at_the_end() -> None:
    file, clock = io.StringIO(), Clock()
    with LineProgress(file, clock).bar("train nli", 100, unit="steps") as bar:
        for _ in range(100):
            clock.now += 0.25
            bar.advance(1, "loss 0.50")
    assert file.getvalue().splitlines() == [
        "train nli: 40/100, 4 steps/s, loss 0.50, 15s left",
        "train nli: 80/100, 4 steps/s, loss 0.50, 5s left",
        "train nli: 100/100, 4 steps/s, loss 0.50, done in 25s",
    ]


def test_rate_does_not_count_what_an_earlier_run_did() -> None:
    file, clock = io.StringIO(), Clock()
    with LineProgress(file, clock).bar("train", 100, done=90) as bar:
        clock.now += 20
        bar.advance(10)
    assert file.getvalue().splitlines() == [
        "train: 100/100, 0.5 it/s, done in 20s",
    ]


def test_short_work_leaves_no_line() -> None:
    file, clock = io.StringIO(), Clock()
    with LineProgress(file, clock).bar("predict", 10) as bar:
        clock.now += 1.5
        bar.advance(10)
    assert file.getvalue() == ""


def test_a_training_leaves_a_line_however_short() -> None:
    file, shown, clock = io.StringIO(), io.StringIO(), Clock()
    bars = BarProgress(Console(file=shown, force_terminal=True, width=100), clock)
    for progress in (LineProgress(file, clock), bars):
        with progress.bar("nli", 10, unit=STEP) as bar:
            clock.now += 0.5
            bar.advance(10, "loss 0.50")
    assert file.getvalue() == "nli: 10/10, 20 step/s, loss 0.50, done in 0s\n"
    assert "✓ nli: 10 step in 0s, loss 0.50" in shown.getvalue()


def test_an_interrupted_piece_of_work_says_so() -> None:
    file, clock = io.StringIO(), Clock()
    bar = LineProgress(file, clock).bar("train", 10)

    def work() -> None:
        with bar:
            clock.now += 1
            bar.advance(5)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert file.getvalue().splitlines()[-1] == "train: 5/10, 5 it/s, stopped in 1s"


def test_lines_are_used_where_there_is_no_terminal() -> None:
    file = io.StringIO()
    open_progress(file).log("hello")
    assert file.getvalue() == "hello\n"


def test_bars_can_be_nested_and_long_ones_leave_a_line() -> None:
    file, clock = io.StringIO(), Clock()
    console = Console(file=file, force_terminal=True, width=100, color_system=None)
    progress = BarProgress(console, clock)
    with progress.bar("evaluate", 2, unit="languages") as outer:
        for language, seconds in (("de", 1), ("sw", 3)):
            with progress.bar(language, 30, unit="examples") as inner:
                clock.now += seconds
                inner.advance(30)
            progress.log(f"{language} is done")
            outer.advance()
    text = file.getvalue()
    assert "✓ de" not in text
    assert "✓ sw: 30 examples in 3s" in text
    assert "sw is done" in text
    assert "✓ evaluate: 2 languages in 4s" in text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0s"), (59.6, "1m00s"), (185, "3m05s"), (7620, "2h07m")]
)
def test_duration(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_no_line_or_bar_steers_the_terminal() -> None:
    file, clock = io.StringIO(), Clock()
    lines = LineProgress(file, clock)
    lines.log("warning: \x1b]0;title\x07 \u202e not taken\n  hint")
    with lines.bar("pull \x1b[2J", 2) as bar:
        clock.now += 20
        bar.advance(1, "\x9b31m")
    assert file.getvalue().splitlines()[:2] == ["warning: ?]0;title? ? not taken", "  hint"]
    assert file.getvalue().splitlines()[2].startswith("pull ?[2J: 1/2, 0.05 it/s, ?31m")
    assert not set("\x1b\x07\x9b\u202e") & set(file.getvalue())
    shown = io.StringIO()
    bars = BarProgress(Console(file=shown, force_terminal=True, width=80), clock)
    bars.log("\x1b]0;title\x07")
    with bars.bar("pull \x9b\u202e", 2) as bar:
        bar.advance(1, "\x1b]0;other\x07")
        clock.now += 20
    assert "?]0;title?" in shown.getvalue()
    assert not set("\x07\x9b\u202e") & set(shown.getvalue())
    assert "\x1b]0;" not in shown.getvalue()
