from __future__ import annotations

import io

import pytest

from adapterxlt.report.console import make_console, print_table


def test_cells_are_no_markup() -> None:
    stream = io.StringIO()
    print_table(
        [{"method": "lora[r=4]", "n": 2}, {"method": "[/x] [bold]", "n": 1}], make_console(stream)
    )
    rows = [line.split() for line in stream.getvalue().splitlines() if line.strip()]
    assert rows[2:] == [["lora[r=4]", "2"], ["[/x]", "[bold]", "1"]]


def test_cells_steer_no_terminal() -> None:
    stream = io.StringIO()
    print_table([{"title": "\x1b[2Jnli\x9b\u202e"}], make_console(stream))
    assert "?[2Jnli??" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_a_file_gets_plain_text_where_colours_are_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # as notebooks do
    stream = io.StringIO()
    print_table([{"model": "nli"}], make_console(stream))
    assert "nli" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_nothing_is_cut_off_however_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    record = {"layer": 2, "pooling": "mean-no-special", "accuracy xx en": "97.7", "mrr": "100.0"}
    for width in (80, 35, 20):
        monkeypatch.setenv("COLUMNS", str(width))
        stream = io.StringIO()
        print_table([record], make_console(stream))
        lines = stream.getvalue().splitlines()
        assert max(map(len, lines)) <= width
        printed, given = (
            sorted(filter(str.isalnum, text)) for text in (stream.getvalue(), str(record))
        )
        assert printed == given


WIDE = {"model": "m" * 28, "baseline": "b" * 26, "on": "udpos dev"}


def test_a_column_of_words_does_not_vanish_beside_wide_names(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    stream = io.StringIO()
    print_table([WIDE], make_console(stream))
    assert "".join(stream.getvalue().split()).count("udpos") == 1


def test_a_pipe_gets_lines_wide_enough_for_whole_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    stream = io.StringIO()
    record = {name: 3 * str(value) for name, value in WIDE.items()}
    print_table([record], make_console(stream))
    words = stream.getvalue().split()
    assert {"m" * 84, "b" * 78, "devudpos"} <= set(words)
