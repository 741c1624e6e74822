"""`adapterxlt artifact list PATH`: list artifacts as a table or as a page."""

from __future__ import annotations

from pathlib import Path

import click

from adapterxlt.cli.artifact.options import kept
from adapterxlt.cli.options import json_option, print_json
from adapterxlt.cli.places import FilePath
from adapterxlt.errors import UsageError
from adapterxlt.report.console import print_table
from adapterxlt.sharing.entries import Entry, read_entries
from adapterxlt.sharing.facts import data_of
from adapterxlt.show import number_of, printable, size_text
from adapterxlt.store.output import check_output
from adapterxlt.store.store import STORE_FOLDER


@click.command()
@click.argument("path", type=FilePath(path_type=Path), default=Path("."))
@click.option(
    "--html",
    type=FilePath(dir_okay=False, path_type=Path),
    help="Write the list as an HTML page to this file.",
)
@json_option
def command(path: Path, html: Path | None, as_json: bool) -> None:
    """List the artifacts in a folder, a work folder or a packed file.

    The command shows what the artifacts say; `artifact verify` checks it.
    """
    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder")
    entries, problems = read_entries(path)
    for problem in problems:
        click.echo(f"left out: {printable(problem)}", err=True)
    if html is not None:
        from adapterxlt.sharing.page import render

        inputs = [*kept(path)[1:], *(entry.path for entry in entries)]
        output = check_output(html, inputs=inputs, option="--html")
        with output.open_text() as page:
            page.write(render(entries, output.path.parent))
        click.echo(f"{html}: {number_of(len(entries), 'artifact')}", err=True)
    if as_json:
        print_json({"path": str(path), "artifacts": [_document(entry) for entry in entries]})
    elif html is None and entries:
        print_table([_record(entry, path) for entry in entries])
    elif html is None:
        click.echo(f"{path}: there are no artifacts")


def _record(entry: Entry, root: Path) -> dict[str, object]:
    place = entry.path.relative_to(root) if entry.path != root else entry.path
    return {
        "name": printable(entry.manifest.title),
        "task": printable(entry.task),
        "data": printable(entry.data),
        "method": printable(entry.method),
        "size": size_text(entry.manifest.size),
        "path": printable(_short(place)),
        "scores (mean)": printable("; ".join(entry.means)),
    }


def _short(place: Path) -> str:
    """A path, with a fingerprint at its end cut, and without the folders of a store before it."""
    if len(place.name) != 64:
        return str(place)
    inside = place.parts[-3:-2] == (STORE_FOLDER,)
    return str((place.parents[2] if inside else place.parent) / place.name[:12])


def _document(entry: Entry) -> dict[str, object]:
    return {
        "path": str(entry.path),
        "name": entry.manifest.title,
        "fingerprint": entry.manifest.fingerprint,
        "task": entry.task,
        "data": data_of(entry.manifest),
        "method": entry.method,
        "languages": entry.languages,
        "lineage": entry.lineage,
        "backbone": entry.backbone,
        "bytes": entry.manifest.size,
        "signed": entry.signed,
        "scores": entry.scores,
    }
