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


def test_nothing_is_cut_off_however_narrow() -> None:
    record = {"layer": 2, "pooling": "mean-no-special", "accuracy xx en": "97.7", "mrr": "100.0"}
    for width in (80, 35, 20):
        stream = io.StringIO()
        console = make_console(stream)
        console.width = width
        print_table([record], console)
        lines = stream.getvalue().splitlines()
        assert max(map(len, lines)) <= width
        printed, given = (
            sorted(filter(str.isalnum, text)) for text in (stream.getvalue(), str(record))
        )
        assert printed == given


def test_a_column_of_words_does_not_vanish_beside_wide_names() -> None:
    stream = io.StringIO()
    console = make_console(stream)
    console.width = 60
    print_table([{"model": "m" * 28, "baseline": "b" * 26, "on": "udpos dev"}], console)
    assert "".join(stream.getvalue().split()).count("udpos") == 1
