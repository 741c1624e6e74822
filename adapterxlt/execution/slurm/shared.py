"""Sees at once what other machines have written into a shared folder. No torch."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from adapterxlt.store.store import Store

# Seconds after which a job counts as gone if it is neither in the queue nor has left an answer.
# NFS may remember for 60 seconds (`acdirmax`) that a file is not there.
GONE = 90.0


def refresh(folder: Path) -> None:
    """Have the system ask the server of a shared folder what is in it now.

    A change of the folder's mode, even to the mode it has, makes NFS drop what it remembers.
    """
    with suppress(OSError):  # it belongs to another user
        folder.chmod(stat.S_IMODE(folder.stat().st_mode))
    _open(folder)


def finished(store: Store, fingerprint: str) -> bool:
    """Whether an entry lies whole in the store, maybe put there by another machine."""
    entry = store.path(fingerprint)
    for folder in (store.root, entry.parent, entry):
        _open(folder)
    return store.whole(fingerprint) is not None


def _open(folder: Path) -> None:
    """Open a folder: NFS then compares what it remembers with the server."""
    with suppress(OSError), os.scandir(folder) as found:
        next(found, None)
