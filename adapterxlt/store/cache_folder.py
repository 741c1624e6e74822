"""The folder of this machine for what can be fetched or computed again. No torch."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """`$ADAPTERXLT_CACHE`, else `adapterxlt` in the system's folder of caches."""
    if stated := os.environ.get("ADAPTERXLT_CACHE"):
        return Path(stated).expanduser()
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "adapterxlt"
