"""Groups of commands that import a command only when it is called, so that help is quick."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from adapterxlt.suggest import suggest


class LazyGroup(click.Group):
    """A click group that knows the names of its commands and the modules that hold them.

    Args:
        lazy: for each name, one line of help and the module that holds the command as `command`.
        what: the text before the name in a message: `artifact ` in `artifact list`.
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
            hint = suggest(name, self.lazy, see=f"{ctx.command_path} --help")
            ctx.fail(f"no such command `{self.what}{name}`; {hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (text, _) in self.lazy.items()])
