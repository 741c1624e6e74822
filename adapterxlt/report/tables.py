"""The results of a run as tables and plain sentences on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from adapterxlt.report.compare import (
    Gain,
    Grid,
    Layers,
    answers,
    grids,
    layer_tables,
    signed,
)
from adapterxlt.report.console import make_console, plain_table
from adapterxlt.report.rows import COSTS, Row


def print_results(rows: Sequence[Row], console: Console | None = None) -> None:
    """Print every table of a run, then what they say in plain sentences."""
    console = console or make_console()
    if not rows:
        console.print("Nothing was evaluated: the recipe has no results to show.")
        return
    sentences: list[str] = []
    for grid in grids(rows):
        _print_grid(grid, _title(grid.rows[0]), console)
        star = "* language of the training data" if grid.trained_in else ""
        _print_notes(grid, star, console)
        sentences += answers(grid)
    for layers in layer_tables(rows):
        sentences += _print_layers(layers, console)
    _print_answers(sentences, console)


def _title(row: Row) -> str:
    return f"{row.stage}: {row.task} {row.split}, {row.metric}"


def _print_grid(grid: Grid, title: str, console: Console) -> None:
    """Models down; means first, then languages, in as many blocks as the width asks for."""
    summaries = {"mean": grid.languages}
    if grid.trained and grid.zero_shot != grid.languages:
        summaries["zero-shot"] = grid.zero_shot
    console.print(Text(title, style="bold"))
    rest = grid.languages
    while rest:
        count = len(rest)
        while count > 1 and not _fits(_block(grid, summaries, rest[:count]), console):
            count -= 1
        console.print(_block(grid, summaries, rest[:count]))
        summaries, rest = {}, rest[count:]


def _fits(table: Table, console: Console) -> bool:
    unbounded = console.options.update(width=10_000)
    return console.measure(table, options=unbounded).maximum <= console.width


def _block(grid: Grid, summaries: Mapping[str, Sequence[str]], languages: Sequence[str]) -> Table:
    table = plain_table()
    table.add_column("model", no_wrap=True)
    for name in summaries:
        table.add_column(name, justify="right", no_wrap=True)
        table.add_column("+/-", justify="right", no_wrap=True)
    for code in languages:
        star = "*" if grid.trained and code in grid.trained_in else ""
        table.add_column(code + star, justify="right", no_wrap=True)
    for model in grid.models:
        cells = [Text(model, style="bold" if model == grid.baseline else "")]
        for over in summaries.values():
            cells += [
                _number(grid.mean(model, over)),
                _difference(grid.gain(model, over), grid.rows[0].metric),
            ]
        cells += [_value(grid.cells.get((model, code))) for code in languages]
        table.add_row(*cells)
    return table


def _number(value: float | None) -> Text:
    return Text("-" if value is None else f"{value:.1f}")


def _value(row: Row | None) -> Text:
    if row is None:
        return Text("-")
    return Text(f"{row.value:.1f}{'!' if row.contamination else ''}")


def _difference(gain: Gain | None, metric: str) -> Text:
    if gain is None:
        return Text("")
    text = signed(gain.points)
    better = (gain.points > 0) != (metric in COSTS)
    style = "" if text == "+0.0" else "green" if better else "red"
    return Text(text, style=style)


def _print_layers(layers: Layers, console: Console) -> list[str]:
    """Layers and poolings down, models across; then the languages at each model's best place.

    Returns:
        what they say, in sentences.
    """
    first = layers.rows[0]
    best = {model: layers.best(model) for model in layers.models}
    if len(layers.places) > 1:
        console.print(Text(f"{_title(first)}, mean over languages", style="bold"))
        table = plain_table()
        table.add_column("layer", justify="right")
        pooled = any(place.pooling for place in layers.places)
        if pooled:
            table.add_column("pooling", no_wrap=True)
        for model in layers.models:
            table.add_column(model, justify="right", no_wrap=True)
        for place in layers.places:
            cells = [Text(str(place.layer)), Text(place.pooling)][: 1 + pooled]
            for model in layers.models:
                cell = _number(layers.mean(model, place))
                cell.append("*" if place == best[model] else " ")
                cell.stylize("bold" if place == best[model] else "")
                cells.append(cell)
            table.add_row(*cells)
        console.print(table)
    grid = layers.at_best()
    if len(layers.places) == 1:
        star, where = "", f"at {layers.places[0]}"
        title = f"{_title(first)} {where}"
    else:
        noun = "layer and pooling" if any(place.pooling for place in layers.places) else "layer"
        chosen = "on dev" if layers.dev else "on these very sentences"
        star, where = f"* best {noun}, chosen {chosen}", f"each at its best {noun}"
        where += " of dev" if layers.dev else ""
        title = f"{_title(first)}: " + "; ".join(f"{model} at {best[model]}" for model in best)
    _print_grid(grid, title, console)
    _print_notes(grid, star, console)
    return answers(grid, where=where)


def _print_notes(grid: Grid, star: str, console: Console) -> None:
    """What the numbers above rest on: other metrics, protocol, caps, sizes, seeds, leaks.

    Args:
        star: what the star in the tables means.
    """
    rows = grid.rows
    for metric, means in grid.other_means().items():
        digits = 3 if metric == "threshold" else 1  # of a score, not in percent
        values = ", ".join(f"{model} {value:.{digits}f}" for model, value in means.items())
        console.print(Text(f"{metric}, mean: {values}"))
    sizes = sorted({row.n for row in rows})
    size = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    notes = [
        f"protocol: {', '.join(_distinct(row.protocol for row in rows))}",
        f"data: {', '.join(_distinct(row.data for row in rows))}",
        f"caps: {'; '.join(_distinct(row.caps for row in rows)) or 'none'}",
        f"n: {size} a language",
        f"seed: {', '.join(_distinct(str(row.seed) for row in rows))}",
    ]
    console.print(Text(" | ".join(notes), style="dim"))
    if star:
        console.print(Text(star, style="dim"))
    for note in _leaks(grid):
        console.print(Text(f"! {note}", style="yellow"))
    console.print()


def _leaks(grid: Grid) -> list[str]:
    """Texts of the evaluation that were seen in training, models with the same ones together."""
    models: dict[str, list[str]] = {}
    for model in grid.models:
        flagged = "; ".join(
            f"{row.language}: {row.contamination}"
            for row in grid.rows
            if row.model == model and row.contamination
        )
        models.setdefault(flagged, []).append(model)
    return [
        f"seen before ({', '.join(names)}): {flagged}"
        for flagged, names in models.items()
        if flagged
    ]


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _print_answers(sentences: Sequence[str], console: Console) -> None:
    if not sentences:
        return
    console.print(Text("Did the intermediate task help?", style="bold"))
    for sentence in sentences:
        console.print(Padding(Text(sentence), (0, 0, 0, 2)))
    if any("±" in sentence for sentence in sentences):
        note = "±: about 95 %, counts the sampling of test examples only, not that of seeds"
        console.print(Padding(Text(note, style="dim"), (0, 0, 0, 2)))
