"""`adapterxlt task new NAME --from FILE...`: write an entry for data files."""

from __future__ import annotations

from pathlib import Path

import click
import yaml

from adapterxlt.cli.options import json_option, print_json
from adapterxlt.cli.places import FilePath
from adapterxlt.errors import UsageError
from adapterxlt.show import printable


@click.command()
@click.argument("name")
@click.option(
    "--from",
    "files",
    multiple=True,
    required=True,
    type=FilePath(path_type=Path),
    metavar="FILE",
    help="Data file. Repeatable; more files may follow as arguments.",
)
@click.argument("more", nargs=-1, type=FilePath(path_type=Path), metavar="[FILE]...")
@click.option(
    "--out",
    type=FilePath(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="File for the entry.  [default: NAME.yaml in the folder of the data]",
)
@json_option
def command(
    name: str, files: tuple[Path, ...], more: tuple[Path, ...], out: Path | None, as_json: bool
) -> None:
    """Write an entry for a task from its data files, and report what was guessed.

    Languages and splits are guessed from the names of the files.
    """
    import os
    import re
    import shlex

    from adapterxlt.store.files import write_atomic
    from adapterxlt.tasks.catalogue import MAX_NAME, NAME, catalogue
    from adapterxlt.tasks.guess import guess
    from adapterxlt.tasks.own import own_catalogue
    from adapterxlt.tasks.reading import check_file

    if not re.match(NAME, name) or name.endswith("\n") or len(name) > MAX_NAME:
        raise UsageError(
            f"`{name}` cannot be the name of a task",
            hint=f"use up to {MAX_NAME} lower-case letters of English, digits, `_` and `-`; begin "
            "with a letter or digit; choose the file with --out",
        )
    listed = [*files, *more]
    for file in listed:
        check_file(file)
    if name in catalogue():
        raise UsageError(f"`{name}` is a built-in task", hint="give yours another name")
    folder = Path(os.path.commonpath([file.resolve().parent for file in listed]))
    out = out or folder / f"{name}.yaml"
    if out.exists():
        raise UsageError(
            f"{out}: already exists", hint="remove it, or choose another file with --out"
        )
    found = guess(name, listed, out.parent)
    entry = found.entry if out.stem == name else {"name": name, **found.entry}
    write_atomic(out, _text(entry, found.notes))
    own_catalogue([out])
    if as_json:
        print_json({"path": str(out), "entry": entry, "guessed": found.notes})
        return
    click.echo(f"wrote {out}; guessed:")
    for note in found.notes:
        click.echo(f"  {note}")
    click.echo(f"Read it through, then run: adapterxlt task check {shlex.quote(str(out))}")


def _text(entry: dict[str, object], notes: list[str]) -> str:
    """Return the entry as YAML, with the guesses as comments above it."""
    above = "".join(f"# {line}\n" for note in notes for line in printable(note).splitlines())
    body = yaml.safe_dump(
        entry, sort_keys=False, allow_unicode=True, default_flow_style=None, width=100
    )
    return f"# Written by `adapterxlt task new`, which guessed:\n{above}{body}"
