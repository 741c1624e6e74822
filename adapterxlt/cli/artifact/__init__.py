"""`adapterxlt artifact ...`: look at what was trained, share it, take in what others shared."""

from __future__ import annotations

import click

from adapterxlt.cli.lazy import LazyGroup

_HERE = "adapterxlt.cli.artifact."
_COMMANDS = {
    "list": ("List the artifacts of a folder, or write a page of them.", f"{_HERE}list_"),
    "show": ("Show all that one artifact says of itself.", f"{_HERE}show"),
    "verify": (
        "Recompute every hash, load it, compare its reference outputs.",
        f"{_HERE}verify",
    ),
    "pack": ("Make one file of an artifact or of a trained stage.", f"{_HERE}pack"),
    "import": ("Verify an artifact and take it in.", f"{_HERE}import_"),
    "export": (
        "Write it for adapters, PEFT, transformers or sentence-transformers.",
        f"{_HERE}export",
    ),
    "push": ("Publish it in a folder, on S3, SFTP or the Hugging Face Hub.", f"{_HERE}push"),
    "pull": ("Fetch and take in what others published.", f"{_HERE}pull"),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS, what="artifact ")
def command() -> None:
    """Share what was trained: verifiable, self-contained folders and files.

    PATH is an artifact folder, a packed file, an entry of a store, or a stage of a work folder
    written `WORKDIR:STAGE` (`runs:nli`).
    """
