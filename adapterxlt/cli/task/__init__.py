"""`adapterxlt task ...`: entries that describe your own tasks."""

from __future__ import annotations

import click

from adapterxlt.cli.lazy import LazyGroup

_HERE = "adapterxlt.cli.task."
_COMMANDS = {
    "new": ("Write an entry for data files, guessing their format.", f"{_HERE}new"),
    "check": ("Read every file of a task and report its contents.", f"{_HERE}check"),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS, what="task ")
def command() -> None:
    """Describe your own data, so that recipes can train and evaluate on them.

    An entry is a YAML file that describes one task. Recipes list entries under `tasks`; commands
    take them as `--tasks`.
    """
