"""Where marks lie."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.report.compare import Grid, Layers
from adapterxlt.report.plots import BOTTOM, HEIGHT, TOP, by_language, by_layer
from tests.report.rows import row


def test_values_lie_between_their_grid_lines() -> None:
    rows = [row("direct", "de", 60.0), row("direct", "es", 70.0), row("nli", "es", 65.0)]
    plot = by_language(Grid(rows))
    assert [value for _, value in plot.lines] == ["60", "62", "64", "66", "68", "70"]
    lines = {value: y for y, value in plot.lines}
    direct, nli = plot.series["direct"], plot.series["nli"]
    assert [mark.y for mark in direct] == [lines["60"], lines["70"]]
    assert nli[0].y == (lines["64"] + lines["66"]) / 2
    assert nli[0].text == "nli, es: 65.0 (n 400)"
    # Side by side around the place of the language.
    places = {name: x for x, name in plot.places}
    assert direct[1].x + nli[0].x == 2 * places["es"]
    assert direct[1].x < nli[0].x
    assert not plot.connected


def test_layers_are_joined_where_poolings_are_not() -> None:
    rows = [row("none", "de", 10.0 * layer, layer=layer) for layer in (0, 2)]
    plot = by_layer(Layers(rows))
    assert [name for _, name in plot.places] == ["0", "2"]
    assert plot.connected
    pooled = by_layer(
        Layers([row("none", "de", 5.0, layer=1, pooling=pooling) for pooling in ("cls", "mean")])
    )
    assert [name for _, name in pooled.places] == ["1 cls", "1 mean"]
    assert not pooled.connected


@given(st.lists(st.floats(0, 1e9, width=32), min_size=1, max_size=8))
def test_every_mark_is_on_the_plot_and_higher_values_lie_higher(values: list[float]) -> None:
    plot = by_language(Grid([row("direct", f"l{i}", value) for i, value in enumerate(values)]))
    marks = plot.series["direct"]
    assert all(TOP <= mark.y <= HEIGHT - BOTTOM and 0 < mark.x < plot.width for mark in marks)
    heights = [-mark.y for _, mark in sorted(zip(values, marks, strict=True), key=lambda p: p[0])]
    assert heights == sorted(heights)
    assert 2 <= len(plot.lines) <= 12


@pytest.mark.parametrize("value", [0.0, 50.0, 100.0])
def test_a_single_value_has_an_axis(value: float) -> None:
    plot = by_language(Grid([row("direct", "de", value)]))
    assert len(plot.lines) == 2
