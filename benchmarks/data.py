"""Where benchmarks find real data."""

from __future__ import annotations

import os
from pathlib import Path


def data_roots() -> tuple[Path, ...]:
    """The folder in ADAPTERXLT_DATA, else `../shared/data` of the checkout.

    Raises:
        SystemExit: there is no such folder.
    """
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("ADAPTERXLT_DATA", default))
    if not folder.is_dir():
        raise SystemExit(f"no real data: set ADAPTERXLT_DATA to its folder ({folder} is none)")
    return (folder,)
