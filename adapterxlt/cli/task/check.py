"""`adapterxlt task check NAME.yaml`: check an entry against its data."""

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
@click.argument("entry", type=FilePath(path_type=Path), metavar="NAME.yaml")
@data_option
@json_option
@click.pass_context
def command(ctx: click.Context, entry: Path, data: tuple[str, ...], as_json: bool) -> None:
    """Read every file of a task and report its contents.

    The report counts examples and labels, and names empty texts and texts that occur in several
    splits. NAME.yaml is a task entry. Its data files are searched in the folders of --data and in
    the folder of NAME.yaml.
    """
    from adapterxlt.errors import MissingDataError
    from adapterxlt.tasks.inspect import inspect
    from adapterxlt.tasks.own import own_catalogue
    from adapterxlt.tasks.roots import resolve_roots

    known = own_catalogue([entry])
    (task,) = (task for task in known.values() if task.home)
    found = inspect(task, resolve_roots(data, Path.cwd()))
    if as_json:
        print_json({"task": task.name, "ok": not found.problems, **asdict(found)})
    else:
        for line in _lines(found):
            click.echo(line)
        for problem in found.problems:
            click.echo(problem, err=True)
    if found.problems:
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
