"""`adapterxlt outcomes ...`: what every example of an evaluation came to."""

from __future__ import annotations

import click

from adapterxlt.cli.lazy import LazyGroup

_COMMANDS = {
    "export": ("Write them to a file of Parquet or JSON lines.", "adapterxlt.cli.outcomes.export"),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS, what="outcomes ")
def command() -> None:
    """Take the outcome of every example out of work folders, for analyses of your own."""
