"""Prints what each model of a run cost, on one line a model."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from adapterxlt.report.console import print_table
from adapterxlt.report.cost_table import megabytes
from adapterxlt.results.costs import Cost

NOTE = (
    "Times and memory are from the machine that ran each step. A query is one example that is "
    "predicted, or one text that is encoded for retrieval. `adapterxlt report {workdir}` tells the "
    "tasks apart."
)


def print_run_costs(costs: Sequence[Cost], workdir: object, console: Console) -> None:
    """Print the costs of the models of a run; nothing if none was timed."""
    models = [cost for cost in costs if not cost.measures]
    if all(cost.seconds is None for cost in models):
        return
    console.print(Text("\nCost", style="bold"))
    print_table([_record(cost, costs) for cost in models], console)
    console.print(Text(NOTE.format(workdir=workdir), style="dim"))


def _record(cost: Cost, costs: Sequence[Cost]) -> dict[str, object]:
    asked = [one for one in costs if one.measures and one.model == cost.model]
    timed = [(one.query_seconds, one.queries) for one in asked]
    known = [(seconds * count, count) for seconds, count in timed if seconds and count]
    queries = sum(count for _, count in known)
    mean = 1000 * sum(taken for taken, _ in known) / queries if queries else None
    began = "> " if cost.resumed else ""  # an interrupted run had done a part of it
    return {
        "model": cost.step,
        "parameters": "-" if cost.parameters is None else f"{cost.parameters:,}",
        "share": "-" if cost.share is None else f"{cost.share:.2f} %",
        "stored": megabytes(cost.bytes),
        "time": "-" if cost.seconds is None else f"{began}{cost.seconds:.1f} s",
        "memory": megabytes(cost.device_memory or cost.peak_memory),
        "ms per query": "-" if mean is None else f"{mean:.2f}",
    }
