"""`adapterxlt artifact export PATH --to FORMAT --out DIR`: for other libraries."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import click

from adapterxlt.artifacts.locate import find_backbone, locate
from adapterxlt.artifacts.transport import prepared
from adapterxlt.cli.artifact_options import backbone_option, path_argument
from adapterxlt.errors import UsageError

FORMATS = ("adapters", "peft", "transformers")


@click.command()
@path_argument
@click.option("--to", "kind", required=True, type=click.Choice(FORMATS), help="Library.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@backbone_option
def command(path: str, kind: str, out: Path, backbone: str | None) -> None:
    """Write a trained stage for another library, safetensors only.

    adapters: a folder an adapter, and load.py. peft: a single LoRA. transformers: a plain
    checkpoint, of a full fine-tune or with a single LoRA merged into the weights.
    """
    if out.exists():
        raise UsageError(f"{out}: is there already", hint="name a new folder")
    with prepared(locate(path), backbone=backbone) as (source, manifest):
        from adapterxlt.models.export import export
        from adapterxlt.models.load import load

        found = find_backbone(manifest, backbone)
        out.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
        try:
            export(load(found, source.where), source.where, aside / "out", kind)
            (aside / "out").replace(out)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    click.echo(f"{manifest.title} ({manifest.fingerprint[:12]}): {out}, for {kind}")
