"""Places the marks of the page's plots; the page draws them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from adapterxlt.report.compare import Grid, Layers
from adapterxlt.report.costs import Cost
from adapterxlt.report.sizes import mean_over
from adapterxlt.results.training import Training

LEFT, TOP, BOTTOM = 40, 12, 28
HEIGHT, WIDTH = 240, 600
STEP = 44  # pixels between two places on the x axis
# Grid lines lie at multiples of the first of these steps that gives at most MOST_LINES.
STEPS, MOST_LINES = (1, 2, 5, 10, 20, 25, 50, 100), 6


@dataclass(frozen=True)
class Mark:
    """A value at its place, in pixels."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Plot:
    """Values of several models over languages or layers.

    Args:
        width, height: in pixels.
        lines: y of each grid line, and the value that it stands for.
        places: x of each language or layer, and its name.
        series: the marks of each model, in the order of the places.
        connected: whether the marks of a model are joined.
        looks: (colour, shape) of some series, by number; others have colours in turn, and dots.
    """

    width: int
    height: int
    lines: Sequence[tuple[float, str]]
    places: Sequence[tuple[float, str]]
    series: Mapping[str, Sequence[Mark]]
    connected: bool
    looks: Mapping[str, tuple[int, int]] = field(default_factory=dict)


def by_language(grid: Grid) -> Plot:
    """Plot the models side by side in each language."""
    return _plot(
        grid.languages,
        {
            model: [
                (place, grid.cells[model, code].value, f"n {grid.cells[model, code].n:,}")
                for place, code in enumerate(grid.languages)
                if (model, code) in grid.cells
            ]
            for model in grid.models
        },
        connected=False,
    )


def by_layer(layers: Layers) -> Plot:
    """Plot the means over the languages, from layer to layer (and pooling to pooling)."""
    size = mean_over(layers.rows)
    means = {
        model: [
            (place, value, size)
            for place, where in enumerate(layers.places)
            if (value := layers.mean(model, where)) is not None
        ]
        for model in layers.models
    }
    names = [f"{place.layer} {place.pooling}".strip() for place in layers.places]
    return _plot(names, means, connected=not layers.pooled)


def _plot(
    names: Sequence[str], values: Mapping[str, Sequence[tuple[int, float, str]]], connected: bool
) -> Plot:
    step = max(STEP, 12 + 8 * max(map(len, names)), 0 if connected else 12 * (1 + len(values)))
    every = [value for series in values.values() for _, value, _ in series]
    low, high, lines = _scale(min(every), max(every))

    def y(value: float) -> float:
        return round(TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    def x(place: int, model: int) -> float:
        beside = 0.0 if connected else (model - (len(values) - 1) / 2) * 12
        return round(LEFT + step * (place + 0.5) + beside, 1)

    return Plot(
        width=LEFT + step * len(names),
        height=HEIGHT,
        lines=[(y(line), f"{line:g}") for line in lines],
        places=[(LEFT + step * (place + 0.5), name) for place, name in enumerate(names)],
        series={
            model: [
                Mark(x(place, number), y(value), f"{model}, {names[place]}: {value:.1f} ({size})")
                for place, value, size in series
            ]
            for number, (model, series) in enumerate(values.items())
        },
        connected=connected,
    )


def _scale(least: float, most: float) -> tuple[float, float, list[float]]:
    """Return the ends of the axis around all values, and its grid lines."""
    for step in STEPS:
        low, high = math.floor(least / step) * step, math.ceil(most / step) * step
        if (high - low) / step < MOST_LINES:
            break
    else:
        step = 10 ** math.ceil(math.log10((most - least) / 2))  # such as perplexities
        low, high = math.floor(least / step) * step, math.ceil(most / step) * step
    if low == high:
        high = low + step
    return low, high, [low + step * number for number in range(round((high - low) / step) + 1)]


def cost_plots(costs: Sequence[Cost]) -> list[tuple[str, Plot]]:
    """Plot scores against minutes of training: one plot per task and languages, one mark per model.

    What was trained before has a colour, and a method a shape, in all plots the same.
    """
    tasks: dict[tuple[str, tuple[str, ...]], list[Cost]] = {}
    for cost in costs:
        tasks.setdefault((cost.on, cost.languages), []).append(cost)
    before = list(dict.fromkeys(cost.before for cost in costs))
    methods = list(dict.fromkeys(_method(cost) for cost in costs))
    plots = []
    for (on, languages), own in tasks.items():
        if len(own) < 2:
            continue
        series: dict[str, list[tuple[float, float, str]]] = {}
        looks = {}
        for cost in own:
            method = _method(cost)
            name = cost.before + (f" · {method}" if len(methods) > 1 else "")
            text = f"{cost.model}: {cost.score:.1f} after {cost.minutes:.1f} min ({cost.size})"
            series.setdefault(name, []).append((cost.minutes, cost.score, text))
            looks[name] = before.index(cost.before), methods.index(method)
        title = f"{on}, {languages[0]}" if len(languages) == 1 else on
        plots.append((title, replace(_scatter(series, "min", connected=False), looks=looks)))
    return plots


def _method(cost: Cost) -> str:
    return cost.trained[-1].method


def curves(trainings: Sequence[Training]) -> list[tuple[str, Plot]]:
    """Plot the scores on dev after each epoch, one plot per task."""
    tasks: dict[str, dict[str, list[tuple[float, float, str]]]] = {}
    for one in trainings:
        if one.epochs:
            name = f"{f'after {one.before}' if one.before else 'directly'}, seed {one.seed}"
            series = tasks.setdefault(one.task, {})
            if name in series:  # another training whose settings differ
                name += f" ({one.fingerprint[:6]})"
            size = "" if one.dev_examples is None else f" (n {one.dev_examples:,})"
            series[name] = [
                (float(step), value, f"{name}, step {step}: {value:.1f}{size}")
                for step, value in one.epochs
            ]
    return [(task, _scatter(series, "steps", connected=True)) for task, series in tasks.items()]


def _scatter(
    series: Mapping[str, Sequence[tuple[float, float, str]]], unit: str, connected: bool
) -> Plot:
    marks = [mark for own in series.values() for mark in own]
    low, high, lines = _scale(min(y for _, y, _ in marks), max(y for _, y, _ in marks))
    least, most, columns = _scale(0.0, max(x for x, _, _ in marks) or 1.0)

    def y(value: float) -> float:
        return round(TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM), 1)

    def x(value: float) -> float:
        return round(LEFT + 8 + (value - least) / (most - least) * (WIDTH - LEFT - 40), 1)

    return Plot(
        width=WIDTH,
        height=HEIGHT,
        lines=[(y(line), f"{line:g}") for line in lines],
        places=[(x(column), f"{column:g} {unit}") for column in columns],
        series={
            name: [Mark(x(at), y(value), text) for at, value, text in own]
            for name, own in series.items()
        },
        connected=connected,
    )
