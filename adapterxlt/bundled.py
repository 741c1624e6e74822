"""Finds the files that come with the package: `artifacts/` and `recipes/`."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def bundled(relative: str) -> Path:
    """Return the path of a bundled file or folder, which may not exist.

    In a checkout the files lie beside the package; an installed wheel carries them in
    `adapterxlt/_bundled/`.

    Args:
        relative: for example `recipes` or `artifacts/backbones/mini`.
    """
    inside = _PACKAGE / "_bundled" / relative
    return inside if inside.exists() else _PACKAGE.parent / relative
