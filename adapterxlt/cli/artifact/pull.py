"""`adapterxlt artifact pull URL`: fetch an artifact, verify it, add it to the work folder."""

from __future__ import annotations

from pathlib import Path

import click

from adapterxlt.cli.artifact.import_ import report
from adapterxlt.cli.artifact.options import backbone_option, load_option, signers_option
from adapterxlt.cli.options import json_option, workdir_option
from adapterxlt.cli.places import PLACE
from adapterxlt.cli.progress import open_progress
from adapterxlt.errors import UsageError
from adapterxlt.sharing.foreign_read import is_foreign
from adapterxlt.sharing.remotes.address import local_path
from adapterxlt.sharing.remotes.fetch import fetched
from adapterxlt.sharing.transport import take_in
from adapterxlt.store.store import STORE_FOLDER, Store


@click.command()
@click.argument("url", type=PLACE)
@workdir_option
@backbone_option
@signers_option
@load_option
@json_option
def command(
    url: str,
    workdir: Path,
    backbone: str | None,
    signers: Path | None,
    no_load: bool,
    as_json: bool,
) -> None:
    """Fetch an artifact, verify it and add it to the work folder.

    URL is the address that `push` printed, or a folder or URL (file://, http(s)://, s3://,
    sftp://, hf://) of an artifact or a packed file (.axlt). An interrupted pull continues where
    it stopped.
    """
    place = local_path(url)
    if place is not None and is_foreign(place):
        raise UsageError(
            f"{url}: was written by another library",
            hint="use `adapterxlt artifact import` with --backbone",
        )
    store = Store(workdir / STORE_FOLDER)
    with fetched(url, store, open_progress()) as (source, held):
        taken = take_in(
            source, store, backbone=backbone, load=not no_load, signers=signers, held=held
        )
    report(taken, as_json)
