"""Arguments and options that several `artifact` commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from adapterxlt.cli.options import F
from adapterxlt.cli.places import PLACE, FilePath
from adapterxlt.results.rows import RESULTS_NAME
from adapterxlt.show import printable
from adapterxlt.store.manifest import Manifest
from adapterxlt.store.store import STORE_FOLDER


def identity(manifest: Manifest) -> dict[str, object]:
    """Return the first fields of every JSON document about an artifact."""
    return {"title": manifest.title, "fingerprint": manifest.fingerprint}


def kept(place: Path) -> list[Path]:
    """Return what no output may replace: the artifact, and the store and results around it."""
    entry = place.resolve()
    root = entry.parent.parent  # of a store's STORE/FIRST TWO DIGITS/FINGERPRINT
    in_store = root.name == STORE_FOLDER and entry.name.startswith(entry.parent.name)
    workdir = root.parent if in_store else entry
    return [place, workdir / STORE_FOLDER, workdir / RESULTS_NAME]


def say_ignored(names: Sequence[str]) -> None:
    """Name the files of a folder that do not belong to its artifact."""
    if names:
        shown = ", ".join(printable(name[:60]) for name in names[:3])
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        click.echo(
            f"note: files that do not belong to the artifact are ignored: {shown}{more}", err=True
        )


def path_argument(function: F) -> F:
    """`PATH`."""
    return click.argument("path", type=PLACE)(function)


def backbone_option(function: F) -> F:
    """`--backbone`."""
    return click.option(
        "--backbone",
        type=PLACE,
        metavar="NAME",
        help="Backbone of the artifact: a folder or a Hub id.  [default: the backbone that the "
        "artifact names, if it is bundled, in the local cache of the Hub, or was used by the work "
        "folder of the stage]",
    )(function)


def signers_option(function: F) -> F:
    """`--signers`."""
    return click.option(
        "--signers",
        type=FilePath(dir_okay=False, path_type=Path),
        help="File of allowed signers, in the format of ssh-keygen; the artifact must be signed "
        "by one of them.",
    )(function)


def sign_option(function: F) -> F:
    """`--sign`."""
    return click.option(
        "--sign",
        "key",
        type=FilePath(dir_okay=False, exists=True, path_type=Path),
        help="Sign with this SSH key.",
    )(function)


def license_option(function: F) -> F:
    """`--license`."""
    return click.option(
        "--license", metavar="ID", help="Licence of the weights, for example `apache-2.0`."
    )(function)


def load_option(function: F) -> F:
    """`--no-load`."""
    return click.option(
        "--no-load",
        is_flag=True,
        help="Check the files only; do not load the artifact on its backbone.",
    )(function)
