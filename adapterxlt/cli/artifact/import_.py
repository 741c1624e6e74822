"""`adapterxlt artifact import PATH`: verify an artifact and add it to the work folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from adapterxlt.bundled import hint_for_adapter
from adapterxlt.cli.artifact.options import (
    backbone_option,
    identity,
    license_option,
    load_option,
    say_ignored,
    signers_option,
)
from adapterxlt.cli.options import json_option, print_json, tasks_option, workdir_option
from adapterxlt.cli.places import PLACE
from adapterxlt.cli.progress import open_progress
from adapterxlt.errors import UsageError
from adapterxlt.sharing.foreign import take_in_foreign
from adapterxlt.sharing.foreign_read import is_foreign
from adapterxlt.sharing.remotes.address import local_path
from adapterxlt.sharing.remotes.fetch import fetched
from adapterxlt.sharing.source import Source, open_source
from adapterxlt.sharing.transport import TakenIn, take_in
from adapterxlt.show import printable
from adapterxlt.store.disk import check_folder
from adapterxlt.store.manifest import MANIFEST_NAME
from adapterxlt.store.store import STORE_FOLDER, Store
from adapterxlt.tasks.own import configured, own_catalogue


@click.command()
@click.argument("path", type=PLACE)
@workdir_option
@backbone_option
@click.option(
    "--override-backbone",
    "override",
    is_flag=True,
    help="Use the artifact on --backbone although it was trained on another backbone; this is "
    "recorded.",
)
@click.option(
    "--task", metavar="TASK", help="Task that the head predicts, for an adapter of another library."
)
@tasks_option
@click.option("--labels", metavar="A,B,...", help="Labels of that head's outputs, in order.")
@license_option
@signers_option
@load_option
@json_option
def command(
    path: str,
    workdir: Path,
    backbone: str | None,
    override: bool,
    task: str | None,
    entries: tuple[Path, ...],
    labels: str | None,
    license: str | None,
    signers: Path | None,
    no_load: bool,
    as_json: bool,
) -> None:
    """Verify an artifact and put it into the work folder's store.

    PATH is an artifact folder, a packed file, or a URL as for `pull`. It can also be a folder that
    the library `adapters` (save_adapter), PEFT (a LoRA) or transformers (a fine-tuned checkpoint)
    wrote. Its weights must be safetensors, and it needs --backbone. If the artifact is damaged or
    malicious, or does not fit, the work folder stays as it was.
    """
    place = local_path(path)
    if place is not None and not place.exists():
        raise UsageError(
            f"{path}: there is no such file or folder",
            hint=hint_for_adapter(path)
            or "give the folder of an artifact, a packed file, or a URL as for `artifact pull`",
        )
    store = Store(workdir / STORE_FOLDER)
    check_folder(store.root)
    if place is not None and is_foreign(place):
        if backbone is None:
            raise UsageError(
                f"{path}: was written by another library, which does not record the exact backbone",
                hint="name the backbone with --backbone",
            )
        if override or no_load or signers:
            raise UsageError(
                f"{path}: was written by another library, so it cannot be signed and must be "
                "loaded for the check"
            )
        names = [label.strip() for label in labels.split(",")] if labels else []
        taken, note = take_in_foreign(
            place,
            store,
            backbone=backbone,
            task=task,
            tasks=own_catalogue([*entries, *configured()]),
            labels=names,
            license=license or "",
        )
        report(taken, as_json, note)
        return
    if task or labels:
        raise UsageError(
            f"{path}: is an artifact, which states its task and labels itself",
            hint="leave out --task and --labels; they are for adapters of other libraries",
        )
    if license:
        raise UsageError(
            f"{path}: is an artifact, whose licence is not changed by importing it",
            hint="leave out --license; `adapterxlt artifact pack --license` writes a copy that "
            "states another licence",
        )
    with _opened(path, place, store) as (source, held):
        taken = take_in(
            source,
            store,
            backbone=backbone,
            override=override,
            load=not no_load,
            signers=signers,
            held=held,
        )
    report(taken, as_json)


@contextmanager
def _opened(text: str, place: Path | None, store: Store) -> Iterator[tuple[Source, str | None]]:
    """Open a local artifact in place; fetch a remote one, as `pull` does."""
    if place is not None and (place.is_file() or (place / MANIFEST_NAME).exists()):
        yield open_source(place), None
        return
    if place is not None and (place / "config.json").exists():
        open_source(place)  # says what a whole model is good for
    with fetched(text, store, open_progress()) as found:
        yield found


def report(taken: TakenIn, as_json: bool, note: str = "") -> None:
    """Print what was imported.

    Args:
        note: what was left out of it.
    """
    manifest = taken.manifest
    signed = printable(taken.signature) if taken.signature else "unsigned"
    if as_json:
        print_json(
            {
                **identity(manifest),
                "folder": str(taken.folder),
                "new": taken.new,
                "loaded": taken.loaded,
                "signed": str(taken.signature) if taken.signature else None,
                "note": note,
                "ignored": list(taken.ignored),
            }
        )
        return
    say_ignored(taken.ignored)
    if note:
        click.echo(f"note: {printable(note)}", err=True)
    state = "" if taken.new else " (was already there)"
    checked = "verified and loaded" if taken.loaded else "verified, not loaded"
    click.echo(f"{printable(manifest.title)} ({manifest.fingerprint[:12]}): {checked}, {signed}")
    click.echo(f"{taken.folder}{state}")
