"""`adapterxlt artifact pack PATH --out FILE`: write an artifact as one file, or as a folder."""

from __future__ import annotations

from pathlib import Path

import click

from adapterxlt.cli.artifact.options import (
    backbone_option,
    identity,
    kept,
    license_option,
    path_argument,
    say_ignored,
    sign_option,
)
from adapterxlt.cli.options import json_option, print_json
from adapterxlt.cli.places import FilePath
from adapterxlt.errors import UsageError
from adapterxlt.sharing.locate import locate, trained_stages
from adapterxlt.sharing.transport import copy_out, pack, prepared
from adapterxlt.show import printable, size_text
from adapterxlt.store.compressed import ending
from adapterxlt.store.manifest import Manifest
from adapterxlt.store.output import Output, check_new_folder, check_output


@click.command()
@path_argument
@click.option(
    "--out",
    required=True,
    type=FilePath(path_type=Path),
    help="File to write, such as `nli.axlt`, or `-` for stdout; in a folder, the artifact is "
    "written as a folder.",
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
    """Pack a trained stage into one file with weights, head, card, scores, lineage and hashes.

    The file is an uncompressed tar archive. The same stage with the same scores gives the same
    bytes. If PATH is a work folder, all its trained stages are written, each as a folder in --out.
    """
    stages = trained_stages(Path(path))
    if stages and str(out) == "-":
        raise UsageError(
            f"--out -: {path} has several trained stages, and stdout takes one artifact"
            if len(stages) > 1
            else f"--out -: {path} is a work folder, whose stages are written as folders",
            hint=f"name one stage (`{path}:{next(iter(stages))}`), or a folder with --out",
        )
    wanted = {out / name: place for name, place in stages.items()} or {out: locate(path)}
    outputs = {target: _checked(target, place) for target, place in wanted.items()}
    aside = any(output is not None and output.takes_stdout for output in outputs.values())
    documents = []
    for target, place in wanted.items():
        output = outputs[target]
        with prepared(place, license=license, key=key, backbone=backbone) as (source, manifest):
            say_ignored(source.ignored)
            if output is not None:
                size = pack(source, output)
            else:
                copy_out(source, manifest, target)
                size = manifest.size
        documents.append({**identity(manifest), "path": str(target), "bytes": size})
        if not as_json:
            _say(manifest, target, size, err=aside)
    if as_json:
        print_json({"artifacts": documents} if stages else documents[0], err=aside)


def _checked(target: Path, place: Path) -> Output | None:
    """Return the file to write, None for a folder; refuse a file that cannot be written."""
    if ending(target):
        raise UsageError(
            f"--out {target}: packed artifacts are not compressed", hint="name it NAME.axlt"
        )
    special = target.exists() and not target.is_file() and not target.is_dir()
    if not target.is_dir() and (target.suffix or special or str(target) == "-"):
        return check_output(target, inputs=kept(place))
    check_new_folder(target, inputs=kept(place))
    return None


def _say(manifest: Manifest, target: Path, size: int, *, err: bool) -> None:
    title = printable(manifest.title)
    click.echo(f"{title} ({manifest.fingerprint[:12]}): {target}, {size_text(size)}", err=err)
