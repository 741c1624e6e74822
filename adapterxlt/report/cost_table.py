"""Prints the costs of each model of a run: parameters, size, time and memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapterxlt.report.console import plain_table, print_in_blocks
from adapterxlt.results.costs import Cost
from adapterxlt.show import printable

NOTE = (
    "Parameters do not include heads; their share refers to the backbone. Memory is that of the "
    "whole process, or of the GPU. ms per query counts only batched forward passes; in brackets, "
    "for a LoRA, with it merged into the weights, as `artifact export` can do. Times are "
    "from the machine that ran each step; > means that an interrupted run had already done part "
    "of it."
)


def print_costs(costs: Sequence[Cost], console: Console) -> None:
    """Print a line for each trained model of a run, with the time that a query takes."""
    models = [cost for cost in costs if not cost.measures]
    if not models:
        return
    tasks = list(dict.fromkeys(cost.task for cost in costs if cost.query_seconds is not None))
    columns: dict[str, Callable[[Cost], str]] = {
        "parameters": lambda cost: "-" if cost.parameters is None else f"{cost.parameters:,}",
        "share": lambda cost: "-" if cost.share is None else f"{cost.share:.2f} %",
        "stored": lambda cost: megabytes(cost.bytes),
        "time": _time,
        "memory": lambda cost: megabytes(cost.device_memory or cost.peak_memory),
    }
    for task in tasks:
        columns[f"ms, {printable(task)}"] = partial(_query, costs, task)

    def block(places: range) -> Table:
        table = plain_table()
        table.add_column("model", no_wrap=True)
        titles = list(columns)[places.start : places.stop]
        for title in titles:
            table.add_column(title, justify="right", no_wrap=True)
        for cost in models:
            table.add_row(printable(cost.step), *(columns[title](cost) for title in titles))
        return table

    console.print(Text("Cost", style="bold"))
    print_in_blocks(block, len(columns), console)
    console.print(Text(NOTE, style="dim"))
    for note in _untimed([cost for cost in models if cost.seconds is None]):
        console.print(Text(note, style="dim"))


def megabytes(count: int | None) -> str:
    """Write a size as `1.2 MB`, or `-` if it is not known."""
    return "-" if count is None else f"{count / 1e6:,.1f} MB"


def _time(cost: Cost) -> str:
    if cost.seconds is None:
        return "-"
    return ("> " if cost.resumed else "") + f"{cost.seconds:.1f} s"


def _untimed(costs: Sequence[Cost]) -> list[str]:
    """List the models without a time, by reason."""
    reasons = {
        True: "it was taken from elsewhere",
        False: "it was trained elsewhere, or before times were recorded",
    }
    found = []
    for taken, reason in reasons.items():
        if names := [printable(cost.step) for cost in costs if cost.taken is taken]:
            found.append(f"No time for {', '.join(names)}: {reason}.")
    return found


def _query(costs: Sequence[Cost], task: str, model: Cost) -> str:
    """Return the milliseconds per query, over all measurements of a model on a task.

    For a LoRA, the time after merging it into the weights follows in brackets.
    """
    timed = [
        cost for cost in costs if (cost.model, cost.task) == (model.step, task) and cost.queries
    ]
    usual = _mean([(cost.query_seconds, cost.queries) for cost in timed])
    merged = _mean([(cost.merged_query_seconds, cost.queries) for cost in timed])
    if usual is None:
        return "-"
    return f"{1000 * usual:.2f}" + (f" ({1000 * merged:.2f})" if merged is not None else "")


def _mean(timed: Sequence[tuple[float | None, int | None]]) -> float | None:
    """Return the mean seconds per query, weighted by numbers of queries; None if unknown."""
    known = [(seconds, queries) for seconds, queries in timed if seconds and queries]
    total = sum(queries for _, queries in known)
    return sum(seconds * queries for seconds, queries in known) / total if total else None
