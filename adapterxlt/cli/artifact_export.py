"""`adapterxlt artifact export PATH --to FORMAT --out DIR`: for other libraries."""

from __future__ import annotations

import shutil
import tempfile
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

    adapters: a folder an adapter, and load.py. peft: a single LoRA. transformers: a plain
    checkpoint, of a full fine-tune or with a single LoRA merged into the weights.
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
    if out.exists():
        raise UsageError(f"{out}: is there already", hint="name a new folder")
    with prepared(locate(path), backbone=backbone) as (source, manifest):
        from adapterxlt.models.load import load

        say_ignored(source.ignored)
        found = find_backbone(manifest, backbone)
        check_fits(source.where, manifest, found)
        out.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        try:
            built = load(found, source.where)
            if layer is not None:
                _write_encoder(built, source.where, aside / "out", layer, pooling or "mean")
            else:
                from adapterxlt.models.export import export

                export(built, source.where, aside / "out", kind)
            (aside / "out").replace(out)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    if as_json:
        print_json({**identity(manifest), "path": str(out), "library": kind})
        return
    click.echo(f"{printable(manifest.title)} ({manifest.fingerprint[:12]}): {out}, for {kind}")


def _write_encoder(built: Built, artifact: Path, out: Path, layer: int, pooling: Pooling) -> None:
    from adapterxlt.retrieval.sentence_transformers import export_sentence_transformers

    export_sentence_transformers(built, out, layer=layer, pooling=pooling, artifact=artifact)
