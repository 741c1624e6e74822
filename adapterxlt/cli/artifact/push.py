"""`adapterxlt artifact push PATH URL`: publish."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from adapterxlt.cli.artifact.options import (
    backbone_option,
    identity,
    license_option,
    path_argument,
    say_ignored,
    sign_option,
)
from adapterxlt.cli.options import json_option, print_json
from adapterxlt.cli.places import PLACE
from adapterxlt.cli.progress import open_progress
from adapterxlt.sharing.locate import locate
from adapterxlt.sharing.remotes.push import push
from adapterxlt.sharing.transport import prepared
from adapterxlt.show import printable, size_text


@click.command()
@path_argument
@click.argument("url", type=PLACE)
@click.option("--replace", is_flag=True, help="Replace an older artifact at this URL.")
@license_option
@sign_option
@backbone_option
@json_option
def command(
    path: str,
    url: str,
    replace: bool,
    license: str | None,
    key: Path | None,
    backbone: str | None,
    as_json: bool,
) -> None:
    """Publish an artifact or a trained stage.

    URL is a folder, file://PATH, s3://BUCKET/PATH, sftp://USER@HOST/PATH or hf://OWNER/NAME. An
    hf:// repository holds one artifact; the others may hold many. Credentials come from your
    configuration of AWS, OpenSSH and the Hub. An interrupted push continues where it stopped, and
    files that are already there are not sent again.
    """
    with prepared(locate(path), license=license, key=key, backbone=backbone) as (source, manifest):
        say_ignored(source.ignored)
        pushed = push(source, manifest, url, open_progress(), replace=replace)
    if as_json:
        print_json(
            {
                **identity(manifest),
                "url": pushed.url,
                "files_sent": pushed.files,
                "bytes_sent": pushed.bytes,
            }
        )
        return
    sent = (
        f"{pushed.files} files, {size_text(pushed.bytes)}" if pushed.files else "is already there"
    )
    click.echo(f"{printable(manifest.title)} ({manifest.fingerprint[:12]}): {sent}")
    click.echo(f"adapterxlt artifact pull {shlex.quote(printable(pushed.url))}")
