from __future__ import annotations

import io
from dataclasses import replace

from adapterxlt.report.console import make_console
from adapterxlt.report.cost_table import print_costs
from adapterxlt.results.costs import Cost
from tests.results.test_costs import MEASURED, TRAINED


def printed(costs: list[Cost], width: int = 120) -> list[list[str]]:
    stream = io.StringIO()
    console = make_console(stream)
    console.width = width
    print_costs(costs, console)
    return [line.split() for line in stream.getvalue().splitlines() if line.strip()]


def test_a_line_a_model() -> None:
    again = Cost(seconds=1, queries=30, query_seconds=0.25, step="more/nli/xnli", task="xnli")
    full = Cost(seconds=80, resumed=True, step="full", bytes=3_000_000, peak_memory=2_000_000)
    lines = printed([TRAINED, full, MEASURED, again])
    assert lines[0] == ["Cost"]
    assert "xnli" in lines[1]
    assert ["nli", "25", "2.50", "%", "0.0", "MB", "2.5", "s", "-", "218.75"] in lines
    assert ["full", "-", "-", "3.0", "MB", ">", "80.0", "s", "2.0", "MB", "-"] in lines


def test_a_lora_has_its_time_when_merged_beside() -> None:
    merged = replace(MEASURED, merged_query_seconds=0.1)
    assert next(line for line in printed([TRAINED, merged]) if line[0] == "nli")[-5:] == [
        "2.5",
        "s",
        "-",
        "125.00",
        "(100.00)",
    ]


def test_models_without_a_time_are_named_with_the_reason() -> None:
    lines = printed([TRAINED, Cost(step="nli_old"), Cost(step="shared", taken=True, bytes=5_000)])
    assert ["shared", "-", "-", "0.0", "MB", "-", "-"] in lines
    text = "\n".join(" ".join(line) for line in lines)
    assert "No time for shared: it was taken from elsewhere" in text
    assert "No time for nli_old: it was trained elsewhere, or before times were recorded." in text
    assert "No time for nli:" not in text


def test_nothing_where_nothing_was_trained() -> None:
    assert printed([MEASURED]) == []


def test_nothing_is_cut_off_where_columns_do_not_fit_side_by_side() -> None:
    full = replace(TRAINED, step="udpos.sparse.s1/dense", parameters=117_506_304, seconds=1388.4)
    lines = printed([full, MEASURED], width=60)
    assert [line[1] for line in lines if line[0] == full.step] == ["117,506,304", "1388.4"]
    assert [line[1:] for line in lines if line[0] == "model"] == [
        ["parameters", "share", "stored"],
        ["time", "memory", "ms,", "xnli"],
    ]
