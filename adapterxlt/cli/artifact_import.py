"""`adapterxlt artifact import PATH`: into the work folder, if it is what it says it is."""

from __future__ import annotations

from pathlib import Path

import click

from adapterxlt.artifacts.transport import TakenIn, take_in
from adapterxlt.cli.artifact_options import backbone_option, load_option, signers_option
from adapterxlt.cli.options import json_option, print_json, workdir_option
from adapterxlt.errors import UsageError
from adapterxlt.show import printable
from adapterxlt.store.source import open_source
from adapterxlt.store.store import STORE_FOLDER, Store


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@workdir_option
@backbone_option
@click.option(
    "--override-backbone",
    "override",
    is_flag=True,
    help="Make it fit to --backbone though it was trained on another; this is recorded.",
)
@signers_option
@load_option
@json_option
def command(
    path: Path,
    workdir: Path,
    backbone: str | None,
    override: bool,
    signers: Path | None,
    no_load: bool,
    as_json: bool,
) -> None:
    """Verify an artifact and put it into the work folder's store.

    PATH is an artifact folder or a packed file. Nothing is left behind of what is damaged,
    hostile or does not fit.
    """
    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder")
    store = Store(workdir / STORE_FOLDER)
    taken = take_in(
        open_source(path),
        store,
        backbone=backbone,
        override=override,
        load=not no_load,
        signers=signers,
    )
    report(taken, as_json)


def report(taken: TakenIn, as_json: bool) -> None:
    """Print what was taken in."""
    manifest = taken.manifest
    signed = str(taken.signature) if taken.signature else "unsigned"
    if as_json:
        print_json(
            {
                "title": manifest.title,
                "fingerprint": manifest.fingerprint,
                "folder": str(taken.folder),
                "new": taken.new,
                "loaded": taken.loaded,
                "signed": str(taken.signature) if taken.signature else None,
            }
        )
        return
    state = "" if taken.new else " (was there already)"
    checked = "verified and loaded" if taken.loaded else "verified, not loaded"
    click.echo(f"{printable(manifest.title)} ({manifest.fingerprint[:12]}): {checked}, {signed}")
    click.echo(f"{taken.folder}{state}")
