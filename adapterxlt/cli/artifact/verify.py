"""`adapterxlt artifact verify PATH`: check that an artifact is intact and loads."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from adapterxlt.cli.artifact.options import (
    backbone_option,
    identity,
    load_option,
    path_argument,
    say_ignored,
    signers_option,
)
from adapterxlt.cli.options import json_option, print_json
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.sharing.locate import find_backbone, locate
from adapterxlt.sharing.signature import check_signature
from adapterxlt.sharing.source import FolderSource, open_source
from adapterxlt.sharing.verify import unpack, verify
from adapterxlt.show import number_of, printable
from adapterxlt.store.manifest import MANIFEST_NAME, Manifest, read_manifest
from adapterxlt.store.store import check_files


@click.command()
@path_argument
@backbone_option
@signers_option
@load_option
@json_option
def command(
    path: str, backbone: str | None, signers: Path | None, no_load: bool, as_json: bool
) -> None:
    """Check all hashes, load the artifact on its backbone and compare its reference outputs.

    The exit code is 0 if the artifact is intact, 4 if it is not, and 5 if its backbone is missing.
    """
    place = locate(path)
    if (place / MANIFEST_NAME).is_file() and read_manifest(place).artifact is None:
        manifest, signature = read_manifest(place), None  # an entry that never left its store
        if signers is not None:
            raise InvalidArtifactError(
                f"{place}: is not signed", hint="leave out --signers to accept an unsigned artifact"
            )
        check_files(place, manifest)
        plain = True
    else:
        source = open_source(place)
        manifest = verify(source)
        signature = check_signature(source, signers)
        plain = isinstance(source, FolderSource) and source.plain
        if isinstance(source, FolderSource):
            say_ignored(source.ignored)
    if not no_load:
        _load(place, manifest, backbone, plain)
    facts = manifest.artifact
    tensors = sum(map(len, facts.tensors.values())) if facts else None  # of an entry: not counted
    if as_json:
        print_json(
            {
                "path": str(place),
                **identity(manifest),
                "files": len(manifest.files),
                "tensors": tensors,
                "loaded": not no_load,
                "signed": str(signature) if signature else None,
            }
        )
        return
    counted = number_of(len(manifest.files), "file")
    counted += "" if tensors is None else f", {number_of(tensors, 'tensor')}"
    click.echo(f"{printable(manifest.title)}: {counted}: unchanged")
    click.echo("not loaded (--no-load)" if no_load else "loads and gives its reference outputs")
    click.echo(printable(signature) if signature else "unsigned")


def _load(place: Path, manifest: Manifest, given: str | None, plain: bool) -> None:
    from adapterxlt.sharing.check import check_loads

    backbone = find_backbone(manifest, given, place, checking=True)
    if plain:
        check_loads(place, manifest, backbone)
        return
    source = open_source(place)
    with tempfile.TemporaryDirectory(prefix="adapterxlt-") as aside:
        unpack(source, manifest, Path(aside) / "out")
        check_loads(Path(aside) / "out", manifest, backbone, place)
