"""`adapterxlt artifact pack PATH --out FILE`: an artifact as one file."""

from __future__ import annotations

from pathlib import Path

import click

from adapterxlt.artifacts.locate import locate
from adapterxlt.artifacts.transport import copy_out, pack, prepared
from adapterxlt.cli.artifact_options import (
    backbone_option,
    identity,
    license_option,
    path_argument,
    sign_option,
)
from adapterxlt.cli.options import json_option, print_json
from adapterxlt.errors import UsageError
from adapterxlt.show import printable, size_text


@click.command()
@path_argument
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="File to write (`nli.axlt`); a folder gets the artifact as a folder.",
)
@license_option
@sign_option
@backbone_option
@json_option
def command(
    path: str,
    out: Path,
    license: str | None,
    key: Path | None,
    backbone: str | None,
    as_json: bool,
) -> None:
    """Make one file of a trained stage: weights, head, card, scores, lineage, hashes.

    The same stage with the same scores gives the same bytes. The file is an uncompressed tar.
    """
    with prepared(locate(path), license=license, key=key, backbone=backbone) as (source, manifest):
        if out.suffix:
            if out.is_dir():
                raise UsageError(f"{out}: is a folder")
            pack(source, out)
            size = out.stat().st_size
        else:
            if out.exists():
                raise UsageError(f"{out}: is there already", hint="name a new folder")
            copy_out(source, manifest, out)
            size = manifest.size
    if as_json:
        print_json({**identity(manifest), "path": str(out), "bytes": size})
        return
    click.echo(
        f"{printable(manifest.title)} ({manifest.fingerprint[:12]}): {out}, {size_text(size)}"
    )
