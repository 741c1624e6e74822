"""`adapterxlt artifact ...`: look at trained models, share them, and import those of others."""

from __future__ import annotations

import click

from adapterxlt.cli.lazy import LazyGroup

_HERE = "adapterxlt.cli.artifact."
_COMMANDS = {
    "list": ("List the artifacts in a folder, or write a page about them.", f"{_HERE}list_"),
    "show": ("Show everything that an artifact says about itself.", f"{_HERE}show"),
    "verify": (
        "Check all hashes, load the artifact and compare its reference outputs.",
        f"{_HERE}verify",
    ),
    "pack": ("Pack a trained stage or an artifact into one file.", f"{_HERE}pack"),
    "import": ("Verify an artifact and add it to the work folder.", f"{_HERE}import_"),
    "export": (
        "Export to adapters, PEFT, transformers or sentence-transformers.",
        f"{_HERE}export",
    ),
    "push": (
        "Publish an artifact in a folder, on S3, by SFTP or on the Hugging Face Hub.",
        f"{_HERE}push",
    ),
    "pull": ("Fetch an artifact, verify it and add it to the work folder.", f"{_HERE}pull"),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS, what="artifact ")
def command() -> None:
    """Share trained models as self-contained files or folders that can be verified.

    PATH is an artifact folder, a packed file, a store entry, or a stage of a work folder, written
    as `WORKDIR:STAGE` (for example `runs:nli`).
    """
