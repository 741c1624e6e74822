"""The folder of this machine for what can be fetched or computed again. No torch."""

from __future__ import annotations

import os
from pathlib import Path

from adapterxlt.home import expanded_to_write

CACHE = "ADAPTERXLT_CACHE"


def cache_folder() -> Path:
    """`$ADAPTERXLT_CACHE`, else `adapterxlt` in the system's folder of caches.

    Raises:
        UsageError: it lies in a home folder that does not exist.
    """
    if stated := os.environ.get(CACHE):
        return expanded_to_write(stated, CACHE)
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return expanded_to_write(home, CACHE) / "adapterxlt"
