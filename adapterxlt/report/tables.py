"""Prints the results of a run as tables and plain sentences on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from adapterxlt.report.answers import Answer, answers_of, notes_on
from adapterxlt.report.compare import Gain, Grid, Layers, signed, verdict
from adapterxlt.report.comparisons import Comparison
from adapterxlt.report.console import make_console, plain_table, print_in_blocks
from adapterxlt.report.guesses import checked
from adapterxlt.report.score_tables import DEVIATION, ScoreTable, place_of, replaced_by
from adapterxlt.report.sections import Section, sections
from adapterxlt.report.seeds import SEEDS, OverSeeds
from adapterxlt.report.study import BETTER
from adapterxlt.report.systems import Key
from adapterxlt.results.rows import Row


def print_results(
    rows: Sequence[Row],
    comparisons: Mapping[Key, Comparison],
    console: Console | None = None,
    *,
    question: str = BETTER,
    remarks: Sequence[str] = (),
    tables: Sequence[ScoreTable] = (),
    several: bool = True,
) -> None:
    """Print every table of a run, then what they say in plain sentences.

    Args:
        comparisons: the comparisons that the outcomes of examples allow.
        question: what the comparisons answer, see `Study.question`.
        remarks: sentences on single models, see `soups`.
        tables: tables over seeds; the tables of single stages that they replace are left out.
        several: whether to print these tables and sentences about several seeds too.
    """
    console = console or make_console()
    if not rows:
        console.print("Nothing was evaluated: the recipe has no results to show.")
        return
    parts = sections(rows)
    replaced = replaced_by(tables)
    for part in parts:
        if part.layers:
            _print_layers(part.layers, part.layers_title, console)
        if place_of(part.grid.rows[0]) not in replaced:
            _print_grid(part.grid, part.title, console)
            _print_notes(part, console)
    for table in tables if several else ():
        _print_scores(table, console)
    for remark in remarks:
        console.print(Text(remark))
    if remarks:
        console.print()
    found = (answers_of(part, comparisons, several=several) for part in parts)
    answers = list({str(one): one for one in chain.from_iterable(found)}.values())
    _print_answers(answers, question, console)
    if guesses := list(map(str, checked(rows))):
        console.print(Text("Were the predictions right?", style="bold"))
        _print_lines(guesses, [], console)


def _print_grid(grid: Grid, title: str, console: Console) -> None:
    """Print models down, and means and then languages across, in blocks that fit the width."""
    summaries: Mapping[str, Sequence[str]] = grid.summaries
    console.print(Text(title, style="bold"))

    def block(places: range) -> Table:
        means = {} if places.start else summaries
        return _block(grid, means, grid.languages[places.start : places.stop])

    print_in_blocks(block, len(grid.languages), console)


def _print_scores(table: ScoreTable, console: Console) -> None:
    """Print means over seeds, in blocks that fit the width."""
    console.print(Text(table.title, style="bold"))

    def block(places: range) -> Table:
        return _scores(table, range(1 + places.start, 1 + places.stop))

    print_in_blocks(block, len(table.head) - 1, console)
    console.print(Text(DEVIATION, style="dim"))
    _print_notes(table.section, console)


def _scores(table: ScoreTable, columns: Sequence[int]) -> Table:
    """Return a block of a table over seeds: the models, and some of the columns."""
    block = plain_table()
    block.add_column("model", no_wrap=True)
    for place in columns:
        block.add_column(table.head[place], justify="right", no_wrap=True)
    for cells in table.body:
        block.add_row(Text(cells[0]), *(Text(cells[place]) for place in columns))
    return block


def _block(grid: Grid, summaries: Mapping[str, Sequence[str]], languages: Sequence[str]) -> Table:
    table = plain_table()
    table.add_column("model", no_wrap=True)
    compared = {
        name for name, over in summaries.items() if any(grid.gain(m, over) for m in grid.models)
    }
    for name in summaries:
        table.add_column(name, justify="right", no_wrap=True)
        if name in compared:
            table.add_column("+/-", justify="right", no_wrap=True)
    for code in languages:
        star = "*" if code in grid.everyone_in else ""
        table.add_column(code + star, justify="right", no_wrap=True)
    for model in grid.models:
        cells = [Text(model, style="bold" if model == grid.baseline else "")]
        for name, over in summaries.items():
            cells.append(_number(grid.mean(model, over)))
            if name in compared:
                cells.append(_difference(grid.gain(model, over), grid.rows[0].metric))
        cells += [_value(grid, grid.cells.get((model, code))) for code in languages]
        table.add_row(*cells)
    return table


def _number(value: float | None) -> Text:
    return Text("-" if value is None else f"{value:.1f}")


def _value(grid: Grid, row: Row | None) -> Text:
    if row is None:
        return Text("-")
    marks = "*" * grid.starred(row) + "~" * row.borrows + "!" * bool(row.contamination)
    return Text(f"{row.value:.1f}{marks}")


def _difference(gain: Gain | None, metric: str) -> Text:
    if gain is None:
        return Text("")
    style = {"better": "green", "worse": "red", "": ""}[verdict(gain.points, metric)]
    return Text(signed(gain.points), style=style)


def _print_layers(layers: Layers, title: str, console: Console) -> None:
    """Print layers and poolings down, and models across."""
    console.print(Text(title, style="bold"))

    def block(places: range) -> Table:
        return _layers_block(layers, layers.models[places.start : places.stop])

    print_in_blocks(block, len(layers.models), console)


def _layers_block(layers: Layers, models: Sequence[str]) -> Table:
    table = plain_table()
    table.add_column("layer", justify="right")
    if layers.pooled:
        table.add_column("pooling", no_wrap=True)
    for model in models:
        table.add_column(model, justify="right", no_wrap=True)
    for place in layers.places:
        cells = [Text(str(place.layer)), Text(place.pooling)][: 1 + layers.pooled]
        for model in models:
            best = place == layers.bests.get(model)
            cell = _number(layers.mean(model, place))
            cell.append("*" if best else " ")
            cell.stylize("bold" if best else "")
            cells.append(cell)
        table.add_row(*cells)
    return table


def _print_notes(part: Section, console: Console) -> None:
    for line in part.others:
        console.print(Text(line))
    console.print(Text(" | ".join(part.rests_on), style="dim"))
    for star in part.stars:
        console.print(Text(star, style="dim"))
    for note in part.borrowed:
        console.print(Text(f"~ {note}", style="dim"))
    for note in part.leaks:
        console.print(Text(f"! {note}", style="yellow"))
    console.print()


def print_over_seeds(
    tables: Sequence[ScoreTable],
    compared: Sequence[Comparison],
    others: Sequence[OverSeeds],
    console: Console,
) -> None:
    """Print what some runs say together; print nothing if no model has several seeds.

    Args:
        tables: tables of scores over seeds.
        compared: comparisons from the outcomes of examples.
        others: comparisons over several seeds for which no outcomes were kept.
    """
    if tables or compared or others:
        console.print(Text("Over several seeds", style="bold"))
    for table in tables:
        _print_scores(table, console)
    _print_lines(map(str, compared), notes_on(compared), console)
    _print_lines(map(str, others), [SEEDS] if others else [], console)


def print_asked(compared: Sequence[Comparison], console: Console) -> None:
    """Print the comparisons that a user asked for; print nothing if there are none."""
    if compared:
        console.print(Text("Compared as asked", style="bold"))
        _print_lines(map(str, compared), notes_on(compared), console)
        console.print()


def _print_answers(answers: Sequence[Answer], question: str, console: Console) -> None:
    if answers:
        paired = any(isinstance(one, Comparison) for one in answers)
        title = question if paired else "Differences, not in pairs"
        console.print(Text(title, style="bold"))
        _print_lines(map(str, answers), notes_on(answers), console)


def _print_lines(lines: Iterable[str], notes: Iterable[str], console: Console) -> None:
    for line in lines:
        console.print(Padding(Text(line), (0, 0, 0, 2)))
    for note in notes:
        console.print(Padding(Text(note, style="dim"), (0, 0, 0, 2)))
