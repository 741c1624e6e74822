"""What a run does, told from its work folder."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from adapterxlt.cli.board import drawn, live_board
from adapterxlt.cli.follow import follow_run
from adapterxlt.cli.main import cli
from adapterxlt.execution.board import STATE_NAME, Board, new_board


@pytest.fixture
def board(tmp_path: Path) -> Board:
    """Of five steps: one runs, one waits for it, one failed, one cannot be done, one is done."""
    steps = [("nli", []), ("after", ["nli"]), ("bad", []), ("scores/bad", ["bad"]), ("old", [])]
    board = new_board(tmp_path / "logs/r-1", "r", "local", steps)
    board.mark("nli", "running", where="process 1")
    board.mark("bad", "failed", message="training diverged")
    board.mark("scores/bad", "skipped", message="it needs bad")
    board.mark("old", "there")
    for name, text in {"nli": "nli: 3/10, loss 0.4\n", "bad": "one\ntwo\x1b[31m\n"}.items():
        board.lines[name].log = f"{name}.log"
        (tmp_path / "logs/r-1").mkdir(parents=True, exist_ok=True)
        (tmp_path / "logs/r-1" / f"{name}.log").write_text(text)
    board.write()
    return board


def test_each_change_is_told_until_the_run_is_over(
    board: Board, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def go_on(seconds: float) -> None:
        board.mark("nli", "done")
        board.mark("after", "done")
        board.over = True
        board.write()

    follow_run(tmp_path, go_on)
    said = capsys.readouterr().out
    running = r"nli: running in process 1 for \d+s: nli: 3/10, loss 0.4\nafter: waiting for nli\n"
    assert re.search(running, said)
    assert "bad: failed: training diverged\n    one\n    two?[31m\n" in said
    assert "scores/bad: skipped, it needs bad\n" in said
    assert "r: 1 reused, 1 running, 1 waiting, 1 failed, 1 skipped\n" in said
    assert said.endswith("r: 2 done, 1 reused, 1 failed, 1 skipped; the run is over\n")


def test_a_run_whose_process_is_gone_is_not_waited_for(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(pid: int, signal: int) -> None:
        raise ProcessLookupError

    monkeypatch.setattr("adapterxlt.execution.board.os.kill", gone)
    told = CliRunner().invoke(cli, ["status", str(tmp_path), "--follow"])
    assert told.exit_code == 0
    assert "nli: not done\nafter: not done\n" in told.output
    last = (
        "r: 1 reused, 1 failed, 1 skipped, 2 not done; the run was stopped; run the same command "
        "again to continue\n"
    )
    assert told.output.endswith(last)
    assert last in CliRunner().invoke(cli, ["status", str(tmp_path)]).output


def test_a_run_that_was_interrupted(board: Board, tmp_path: Path) -> None:
    assert "1 running, 1 waiting" in CliRunner().invoke(cli, ["status", str(tmp_path)]).output
    board.close()
    told = CliRunner().invoke(cli, ["status", str(tmp_path), "--follow"])
    assert "nli: not done\nafter: not done\n" in told.output
    assert told.output.endswith("2 not done; the run was stopped; run the same command again to "
                                "continue\n")  # fmt: skip
    board.mark("nli", "done")
    board.mark("after", "done")
    board.close()
    assert "r: " not in CliRunner().invoke(cli, ["status", str(tmp_path)]).output


def test_what_there_is_not_to_follow(tmp_path: Path) -> None:
    told = CliRunner().invoke(cli, ["status", str(tmp_path), "--follow"])
    assert "there is no run to follow in this work folder" in told.output
    (tmp_path / "logs/r-1").mkdir(parents=True)
    (tmp_path / "logs/r-1" / STATE_NAME).write_text("{")
    told = CliRunner().invoke(cli, ["status", str(tmp_path), "--follow"])
    assert "state.json: cannot be read" in told.output


def test_on_a_terminal_what_moves_is_a_table(board: Board) -> None:
    console = Console(width=120, record=True, force_terminal=True)
    console.print(drawn(board, board.lines["nli"].began + 65))
    with live_board(board, console):
        pass
    said = console.export_text()
    assert "nli" in said
    assert "1m05s" in said
    assert "waits" in said
    assert "for nli" in said
