"""Where marks lie."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, FileSystemLoader

from adapterxlt.report import page
from adapterxlt.report.compare import Grid, Layers
from adapterxlt.report.costs import Cost
from adapterxlt.report.plots import BOTTOM, HEIGHT, TOP, by_language, by_layer, cost_plots
from adapterxlt.results.training import Training
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


def cost(method: str, before: str, on: str = "udpos dev, f1", languages: str = "de sw") -> Cost:
    training = Training("f" * 64, "udpos", before, method, 1, 60.0, None, None, ())
    told = tuple(languages.split())
    return Cost(on, "m", 50.0, 1.0, (training,), told, f"{len(told)} languages", before)


def test_adapters_and_full_training_look_different_in_all_plots_alike() -> None:
    alone = "tatoeba test, accuracy"
    costs = [cost("lora", "none"), cost("full", "none"), cost("full", "mnli"),
             cost("full", "mnli", alone), cost("lora", "mnli", alone)]  # fmt: skip
    (_, first), (_, second) = cost_plots(costs)
    assert first.looks == {"none · lora": (0, 0), "none · full": (0, 1), "mnli · full": (1, 1)}
    assert second.looks == {"mnli · full": (1, 1), "mnli · lora": (1, 0)}
    [(_, one_method)] = cost_plots([cost("lora", "none"), cost("lora", "mnli")])
    assert list(one_method.looks) == ["none", "mnli"]


def test_scores_over_other_languages_have_a_plot_of_their_own() -> None:
    costs = [cost("lora", before) for before in ("none", "mnli")]
    costs += [cost("lora", before, languages="de") for before in ("none", "mnli")]
    costs += [cost("lora", "none", languages="sw")]
    assert [title for title, _ in cost_plots(costs)] == ["udpos dev, f1", "udpos dev, f1, de"]


def test_six_methods_have_six_shapes() -> None:
    [(_, plot)] = cost_plots([cost(method, "none") for method in "abcdef"])
    templates = FileSystemLoader(Path(page.__file__).parent / "templates")
    macros = Environment(loader=templates, autoescape=True).get_template("macros.html").module
    drawn = macros.figure(plot, "scores")  # type: ignore[attr-defined]
    keys = re.findall(r'<span class="key"[^>]*>(.) ', drawn)
    marks = re.findall(r'<circle class="point"| d="[^"]+"', drawn)
    assert len(set(keys)) == len(set(marks)) == 6
