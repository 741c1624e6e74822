"""`adapterxlt task ...`: entries of tasks of one's own."""

from __future__ import annotations

import click

from adapterxlt.cli.lazy import LazyGroup

_HERE = "adapterxlt.cli.task."
_COMMANDS = {
    "new": ("Write an entry by looking at the data.", f"{_HERE}new"),
    "check": ("Read every file of a task and report what is in it.", f"{_HERE}check"),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS, what="task ")
def command() -> None:
    """Describe data of your own, so that recipes can train and evaluate on them.

    An entry is a YAML file; a recipe names it in `tasks`, a command by `--tasks`.
    """
