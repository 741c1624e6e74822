"""Where the backbones of a work folder lie on this machine, kept next to the entries.

An artifact states the name and the content of its backbone. The folder is what the user named, so
the work folder remembers it.
"""

from __future__ import annotations

import re
from pathlib import Path

from adapterxlt.store.files import write_atomic
from adapterxlt.store.store import Store

FOLDER = ".backbones"


def note_backbone(store: Store, content: str, folder: Path) -> None:
    """Keep the folder of a backbone that a user named, by the hash of its content."""
    if noted_backbone(store, content) != folder:
        write_atomic(store.root / FOLDER / content, f"{folder}\n")


def noted_backbone(store: Store, content: str) -> Path | None:
    """The folder of a backbone; None where it was not noted. Its content may have changed since.

    Args:
        content: the hash of its content, which may come from anyone.
    """
    if not re.fullmatch("[0-9a-f]{64}", content):
        return None
    try:
        text = (store.root / FOLDER / content).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    return Path(text.removesuffix("\n"))
