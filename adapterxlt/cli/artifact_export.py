"""`adapterxlt artifact export PATH --to FORMAT --out DIR`: for other libraries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from adapterxlt.artifacts.check import check_fits
from adapterxlt.artifacts.locate import find_backbone, locate
from adapterxlt.artifacts.transport import prepared
from adapterxlt.cli.artifact_options import (
    backbone_option,
    identity,
    path_argument,
    say_ignored,
)
from adapterxlt.cli.options import json_option, print_json
from adapterxlt.errors import UsageError
from adapterxlt.retrieval.protocols import Pooling
from adapterxlt.show import printable
from adapterxlt.store.output import check_new_folder, new_folder

if TYPE_CHECKING:
    from adapterxlt.models.build import Built

ENCODER = "sentence-transformers"
FORMATS = ("adapters", "peft", "transformers", ENCODER)


@click.command()
@path_argument
@click.option("--to", "kind", required=True, type=click.Choice(FORMATS), help="Library.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option(
    "--layer",
    type=click.IntRange(min=0),
    help="Hidden layer of a sentence encoder; `retrieve` finds the best. 0 is the embeddings.",
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
    """Write a trained stage for another library, safetensors only.

    adapters: a folder an adapter. peft: a single LoRA. transformers: a plain checkpoint, of a
    full fine-tune or with a single LoRA (or DoRA, VeRA, (IA)3) merged into the weights. Each has
    a README and, where it needs the backbone, a load.py; what stays behind is named.
    sentence-transformers: an encoder of sentences; one with adapters needs adapterxlt where it is
    used.
    """
    if kind == ENCODER and layer is None:
        raise UsageError(
            f"--to {ENCODER} needs --layer",
            hint="the hidden layer whose vectors it gives; `adapterxlt retrieve` finds the best",
        )
    if kind != ENCODER and (layer, pooling) != (None, None):
        raise UsageError(f"--layer and --pooling are for --to {ENCODER}")
    place = locate(path)
    check_new_folder(out, inputs=[place])
    with prepared(place, backbone=backbone) as (source, manifest):
        from adapterxlt.models.load import load

        say_ignored(source.ignored)
        found = find_backbone(manifest, backbone)
        check_fits(source.where, manifest, found)
        notes: list[str] = []
        built = load(found, source.where)
        with new_folder(out) as aside:
            if layer is not None:
                _write_encoder(built, source.where, aside, layer, pooling or "mean")
            else:
                from adapterxlt.models.export import export

                notes = export(built, source.where, aside, kind)
    if as_json:
        print_json({**identity(manifest), "path": str(out), "library": kind, "notes": notes})
        return
    for note in notes:
        click.echo(f"note: {printable(note)}", err=True)
    click.echo(f"{printable(manifest.title)} ({manifest.fingerprint[:12]}): {out}, for {kind}")


def _write_encoder(built: Built, artifact: Path, out: Path, layer: int, pooling: Pooling) -> None:
    from adapterxlt.retrieval.sentence_transformers import export_sentence_transformers

    export_sentence_transformers(built, out, layer=layer, pooling=pooling, artifact=artifact)
