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
