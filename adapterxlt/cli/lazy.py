"""Groups of commands that import a command when it is called, so that help is quick."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from adapterxlt.suggest import suggest


class LazyGroup(click.Group):
    """A click group that knows its commands' names, and where they are.

    Args:
        lazy: for each name one line of help and the module that holds it as `command`.
        what: what stands before the name in a message: `artifact ` of `artifact list`.
    """

    def __init__(
        self, *args: Any, lazy: Mapping[str, tuple[str, str]], what: str = "", **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.lazy, self.what = lazy, what

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.lazy:
            return None
        command: click.Command = importlib.import_module(self.lazy[cmd_name][1]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in self.lazy and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"no such command `{self.what}{name}`; {suggest(name, self.lazy)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (text, _) in self.lazy.items()])
