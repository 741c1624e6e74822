from __future__ import annotations

import io

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
