"""`adapterxlt artifact export PATH --to FORMAT --out DIR`: export for other libraries."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.find import KNOWN, resolve_backbone
from adapterxlt.cli.artifact.options import (
    backbone_option,
    identity,
    kept,
    path_argument,
    say_ignored,
)
from adapterxlt.cli.options import Layer, json_option, print_json
from adapterxlt.cli.places import FilePath
from adapterxlt.errors import MissingBackboneError, UsageError
from adapterxlt.models.spec import SPEC_FILE
from adapterxlt.sharing.check import check_fits
from adapterxlt.sharing.locate import find_backbone, locate
from adapterxlt.sharing.transport import prepared
from adapterxlt.show import printable
from adapterxlt.store.manifest import MANIFEST_NAME
from adapterxlt.store.output import check_new_folder, new_folder
from adapterxlt.vectors.names import Pooling

ENCODER = "sentence-transformers"
FORMATS = ("adapters", "peft", "transformers", ENCODER)


@click.command()
@path_argument
@click.option(
    "--to", "kind", required=True, type=click.Choice(FORMATS), help="Library to export for."
)
@click.option("--out", required=True, type=FilePath(path_type=Path), help="Folder to write to.")
@click.option(
    "--layer",
    type=Layer(0),
    help="Hidden layer of a sentence encoder; 0 is the embeddings. `adapterxlt retrieve` finds "
    "the best layer.",
)
@click.option(
    "--pooling",
    type=click.Choice(get_args(Pooling)),
    help="Pooling of a sentence encoder.  [default: mean]",
)
@backbone_option
@json_option
def command(
    path: str,
    kind: str,
    out: Path,
    layer: int | None,
    pooling: Pooling | None,
    backbone: str | None,
    as_json: bool,
) -> None:
    """Export a trained stage, or the bare backbone as an encoder, for another library.

    `adapters` writes one folder per adapter. `peft` writes a single LoRA. `transformers` writes a
    plain checkpoint of a full fine-tune, or of a single LoRA (or DoRA, VeRA, (IA)3) that is merged
    into the weights. `sentence-transformers` writes a sentence encoder; PATH may also be a
    backbone, and an encoder with adapters can only be used where adapterxlt is installed.

    All weights are written as safetensors. Every folder has a README; folders that need the
    backbone also have a load.py. The command names everything that it cannot export.
    """
    if kind == ENCODER and layer is None:
        raise UsageError(
            f"--to {ENCODER} needs --layer",
            hint="choose the hidden layer that gives the vectors; `adapterxlt retrieve` finds "
            "the best one",
        )
    if kind != ENCODER and (layer, pooling) != (None, None):
        raise UsageError(f"--layer and --pooling can only be used with --to {ENCODER}")
    bare = _bare_backbone(path)
    if bare is not None:
        check_new_folder(out, inputs=[bare.path])
        if layer is None:
            raise UsageError(
                f"{path} is a bare backbone, so it is already in the format of transformers",
                hint=f"use its folder, {bare.path}, as it is; --to {ENCODER} makes a sentence "
                "encoder of it",
            )
        _write_encoder(bare, None, out, layer, pooling or "mean")
        _report({"title": bare.name, "fingerprint": bare.hash}, out, kind, [], as_json)
        return
    place = locate(path)
    check_new_folder(out, inputs=kept(place))
    with prepared(place, backbone=backbone) as (source, manifest):
        say_ignored(source.ignored)
        found = find_backbone(manifest, backbone, place)
        check_fits(source.where, manifest, found)
        if layer is not None:
            notes = _write_encoder(found, source.where, out, layer, pooling or "mean")
        else:
            from adapterxlt.models.export import export
            from adapterxlt.models.load import load

            with new_folder(out) as folder:
                notes = export(load(found, source.where), source.where, folder, kind)
    _report(identity(manifest), out, kind, notes, as_json)


def _bare_backbone(path: str) -> Backbone | None:
    """Return the backbone if the user named one instead of a trained stage."""
    folder = Path(path)
    if folder.exists():
        trained = any((folder / name).is_file() for name in (MANIFEST_NAME, SPEC_FILE))
        if trained or not (folder / "config.json").is_file():
            return None
    elif path not in KNOWN:
        try:  # a model of the Hub that is here; a misspelt name is not searched on the Hub
            return resolve_backbone(path, Path.cwd(), download=False)
        except MissingBackboneError:
            return None
    return resolve_backbone(path, Path.cwd())


def _write_encoder(
    backbone: Backbone, artifact: Path | None, out: Path, layer: int, pooling: Pooling
) -> list[str]:
    from adapterxlt.integrations.encoder_card import left_behind
    from adapterxlt.integrations.sentence_transformers import export_sentence_transformers
    from adapterxlt.models.load import load

    backbone.must_be_encoder(f"--to {ENCODER}")
    with new_folder(out) as folder:
        built = load(backbone, artifact)
        export_sentence_transformers(built, folder, layer=layer, pooling=pooling, artifact=artifact)
    return [f"{part} is not exported: {ENCODER} has no place for it" for part in left_behind(built)]


def _report(what: dict[str, object], out: Path, kind: str, notes: list[str], as_json: bool) -> None:
    if as_json:
        print_json({**what, "path": str(out), "library": kind, "notes": notes})
        return
    for note in notes:
        click.echo(f"note: {printable(note)}", err=True)
    title, fingerprint = (str(what[key]) for key in ("title", "fingerprint"))
    click.echo(f"{printable(title)} ({fingerprint[:12]}): {out}, for {kind}")
