"""`adapterxlt task check NAME.yaml...`: check entries against their data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from adapterxlt.cli.options import data_option, json_option, print_json
from adapterxlt.cli.places import FilePath
from adapterxlt.show import number_of

if TYPE_CHECKING:
    from adapterxlt.tasks.inspect import Findings, Part

_SHOWN = 12  # labels of a line


@click.command()
@click.argument(
    "entries", type=FilePath(path_type=Path), nargs=-1, required=True, metavar="NAME.yaml..."
)
@data_option
@json_option
@click.pass_context
def command(
    ctx: click.Context, entries: tuple[Path, ...], data: tuple[str, ...], as_json: bool
) -> None:
    """Read every file of a task and report its contents.

    The report counts examples and labels, and names empty texts and texts that occur in several
    splits. NAME.yaml is a task entry, or a folder of them. Its data files are searched in the
    folders of --data and in the folder of NAME.yaml. If entries refer to one another, give all of
    them.
    """
    from adapterxlt.errors import MissingDataError
    from adapterxlt.tasks.inspect import inspect
    from adapterxlt.tasks.own import own_catalogue
    from adapterxlt.tasks.roots import resolve_roots

    known, roots = own_catalogue(entries), resolve_roots(data, Path.cwd())
    checked = {task.name: inspect(task, roots) for task in known.values() if task.home}
    if as_json:
        told = [
            {"task": name, "ok": not found.problems, **asdict(found)}
            for name, found in checked.items()
        ]
        print_json(told[0] if len(told) == 1 else {"tasks": told})
    else:
        for name, found in checked.items():
            if len(checked) > 1:
                click.echo(f"{name}:")
            for line in _lines(found):
                click.echo(line)
            for problem in found.problems:
                click.echo(problem, err=True)
    if any(found.problems for found in checked.values()):
        ctx.exit(MissingDataError.exit_code)


def _lines(found: Findings) -> Iterator[str]:
    for part in found.parts:
        count = number_of(part.examples, "example")
        yield f"{part.language} {part.split}: {count} ({', '.join(part.files)})"
        if part.labels:
            shown = [f"{label} {count}" for label, count in part.labels.items()]
            more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
            yield f"  labels: {', '.join(shown[:_SHOWN])}{more}"
        if part.values:
            low, mean, high = (f"{value:.6g}" for value in part.values)
            yield f"  values: {low} to {high}, mean {mean}"
        yield from (f"  {warning}" for warning in _warnings(part))
    for split, languages in found.missing.items():
        yield f"{split}: there are no examples in {', '.join(languages)}"


def _warnings(part: Part) -> Iterator[str]:
    if part.unlabelled:
        yield f"{part.unlabelled} without a label{part.lacking and f': {part.lacking}'}"
    if part.empty:
        yield f"{part.empty} with an empty text"
    if part.repeated:
        yield f"{_texts(part.repeated, 'repeats', 'repeat')} an earlier one"
    for split, count in part.shared.items():
        yield f"{_texts(count, 'has', 'have')} a text that is also in {split}"


def _texts(count: int, one: str, several: str) -> str:
    return f"{number_of(count, 'example')} {one if count == 1 else several}"
