"""The results of `adapterxlt score` as tables."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

from rich.console import Console
from rich.text import Text

from adapterxlt.benchmarks.folder import Result, TaskScores
from adapterxlt.report.console import make_console, plain_table

_NAME = len("  token accuracy ")
_CELL = len("en 100.00")  # and `en 0.1234`
_TIE = "\u00a0"  # keeps a language and its value on one line


def print_result(result: Result, console: Console | None = None) -> None:
    """Print each task language by language, then the averages."""
    console = console or make_console()
    digits = 2 if result.benchmark.unit == 1 else 4
    unit = "percent" if result.benchmark.unit == 1 else "0 to 1"
    for task in result.tasks:
        _print_languages(task, digits, console)
    console.print()
    console.print(Text(f"{result.benchmark.title}, {unit}", style="bold"))
    table = plain_table()
    table.add_column("task", no_wrap=True)
    table.add_column("official value", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("also")
    for task in result.tasks:
        table.add_row(
            task.spec.name, task.spec.called, _number(task.score, digits), _also(task, digits)
        )
    table.add_section()
    asked = {task.spec.name for task in result.tasks}
    for name, value in result.groups.items():
        members = result.benchmark.groups[name]
        if asked >= set(members):
            table.add_row(name, "mean of tasks", _number(value, digits), ", ".join(members))
    if len(asked) == len(result.benchmark.tasks):
        overall = _number(result.overall, digits)
        overall.stylize("bold")
        title = Text(result.benchmark.overall, style="bold")
        table.add_row(title, f"mean of {len(asked)} tasks", overall)
    console.print(table)


def print_metrics(title: str, metrics: Mapping[str, float], console: Console | None = None) -> None:
    """Print one set of metrics, a line each."""
    console = console or make_console()
    console.print(Text(title, style="bold"))
    table = plain_table()
    table.add_column("metric", no_wrap=True)
    table.add_column("value", justify="right", no_wrap=True)
    for name, value in metrics.items():
        text = f"{value:.2f}" if isinstance(value, float) else str(value)
        if name.endswith("threshold"):  # of a system's own score, not in percent
            text = f"{value:.6g}"
        table.add_row(name.replace("_", " "), text)
    console.print(table)


def _also(task: TaskScores, digits: int) -> str:
    """Return the values next to the official one: the true value if that is misnamed, others."""
    if task.averages is None:
        return f"{len(task.languages)} of {len(task.spec.languages)} languages"
    spec = task.spec
    single = spec.means if len(spec.means) == 1 else ()
    names = [name for name in task.averages if name not in single]
    names.sort(key=lambda name: name != spec.beside)
    return ", ".join(f"{name.replace('_', ' ')} {task.averages[name]:.{digits}f}" for name in names)


def _print_languages(task: TaskScores, digits: int, console: Console) -> None:
    """Print the official metrics of every language, and the values next to them, in lines."""
    spec = task.spec
    if not task.languages:
        return
    console.print(Text(spec.name, style="bold"))
    for metric in (*spec.means, *([spec.beside] if spec.beside else [])):
        name = f"  {metric.replace('_', ' ')}".ljust(_NAME)
        cells = [
            f"{language}{_TIE}{values[metric]:.{digits}f}".ljust(_CELL, _TIE)
            for language, values in task.languages.items()
        ]
        lines = textwrap.wrap(
            " ".join(cells),
            console.width,
            initial_indent=name,
            subsequent_indent=" " * _NAME,
            break_on_hyphens=False,
        )
        for line in lines:
            console.print(Text(line.replace(_TIE, " ").rstrip()))


def _number(value: float | None, digits: int) -> Text:
    return Text("-" if value is None else f"{value:.{digits}f}")
