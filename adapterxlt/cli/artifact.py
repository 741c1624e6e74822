"""`adapterxlt artifact ...`: look at what was trained, share it, take in what others shared."""

from __future__ import annotations

import importlib
from typing import Any

import click

from adapterxlt.suggest import suggest

# Sub-command -> module of adapterxlt.cli that holds it as `command`, and one line of help.
COMMANDS = {
    "list": ("artifact_list", "List the artifacts of a folder, or write a page of them."),
    "show": ("artifact_show", "Show all that one artifact says of itself."),
    "verify": ("artifact_verify", "Recompute every hash, load it, compare its reference outputs."),
    "pack": ("artifact_pack", "Make one file of an artifact or of a trained stage."),
    "import": ("artifact_import", "Verify an artifact and take it in."),
    "export": (
        "artifact_export",
        "Write it for adapters, PEFT, transformers or sentence-transformers.",
    ),
    "push": ("artifact_push", "Publish it in a folder, on S3, SFTP or the Hugging Face Hub."),
    "pull": ("artifact_pull", "Fetch and take in what others published."),
}


class _Commands(click.Group):
    """Imports a sub-command's module when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"adapterxlt.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            ctx.fail(f"no such command `artifact {name}`; {suggest(name, COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help) for name, (_, help) in COMMANDS.items()])


@click.group(cls=_Commands)
def command() -> None:
    """Share what was trained: verifiable, self-contained folders and files.

    PATH is an artifact folder, a packed file, an entry of a store, or a stage of a work folder
    written `WORKDIR:STAGE` (`runs:nli`).
    """
