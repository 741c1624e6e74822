"""Every command and option, as the command line itself says it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from adapterxlt.cli.main import cli
from tools.docs.markdown import anchor, code, escape, sentence, table

Path = tuple[str, ...]


def every_command() -> Iterator[tuple[Path, click.Command, click.Context]]:
    """The commands that do something, and the groups before their members."""
    root = click.Context(cli, info_name="adapterxlt")
    yield from _below((), cli, root)


def _below(
    path: Path, group: click.Group, ctx: click.Context
) -> Iterator[tuple[Path, click.Command, click.Context]]:
    for name in group.list_commands(ctx):
        command = group.get_command(ctx, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=ctx)
        yield (*path, name), command, inner
        if isinstance(command, click.Group):
            yield from _below((*path, name), command, inner)


def options_of(command: click.Command) -> list[click.Option]:
    """The options of a command that are shown to people."""
    return [
        param for param in command.params if isinstance(param, click.Option) and not param.hidden
    ]


def commands() -> str:
    """One section a command."""
    sections = [_start()]
    for path, command, ctx in every_command():
        level = "##" if len(path) == 1 else "###"
        usage = " ".join([ctx.command_path, *command.collect_usage_pieces(ctx)])
        parts = [f"{level} adapterxlt {' '.join(path)} {{: #{'-'.join(path)} }}"]
        parts.append(_paragraphs(command.help or ""))
        if not isinstance(command, click.Group):
            parts.append(f"```text\n{usage}\n```")
        rows = [_row(path, option, ctx) for option in options_of(command)]
        if rows:
            parts.append(table(("option", "what it does"), rows))
        sections.append("\n\n".join(parts))
    return "\n\n".join(sections)


def _start() -> str:
    """The commands in one table, and what all of them take."""
    rows = [
        (f"[`{' '.join(path)}`](#{'-'.join(path)})", escape(sentence(_first(command))))
        for path, command, _ in every_command()
        if not isinstance(command, click.Group)
    ]
    options = [_row((), option, click.Context(cli)) for option in options_of(cli)]
    return (
        table(("command", "what it does"), rows)
        + "\n\nBefore the name of the command:\n\n"
        + table(("option", "what it does"), options)
    )


def _first(command: click.Command) -> str:
    return re.split(r"\n\s*\n", (command.help or "").strip())[0]


def _row(path: Path, option: click.Option, ctx: click.Context) -> tuple[str, str]:
    record = option.get_help_record(ctx)
    assert record is not None
    names, text = record
    name = max(option.opts, key=len).lstrip("-")
    return anchor(*path, name) + code(names), escape(sentence(text))


def _paragraphs(text: str) -> str:
    return "\n\n".join(
        escape(" ".join(paragraph.replace("\b", "").split()))
        for paragraph in re.split(r"\n\s*\n", text.strip())
    )
