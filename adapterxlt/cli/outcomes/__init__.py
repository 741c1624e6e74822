"""`adapterxlt outcomes ...`: export the outcome of every evaluated example."""

from __future__ import annotations

import click

from adapterxlt.cli.lazy import LazyGroup

_COMMANDS = {
    "export": (
        "Write all outcomes to a Parquet or JSON Lines file.",
        "adapterxlt.cli.outcomes.export",
    ),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS, what="outcomes ")
def command() -> None:
    """Export the outcome of every example that was evaluated, for your own analyses."""
