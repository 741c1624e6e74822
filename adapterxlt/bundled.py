"""Finds the files that come with the package: `artifacts/` and `recipes/`."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_ADAPTERS = "artifacts/adapters"


def bundled(relative: str) -> Path:
    """Return the path of a bundled file or folder, which may not exist.

    In a checkout the files lie beside the package; an installed wheel carries them in
    `adapterxlt/_bundled/`.

    Args:
        relative: for example `recipes` or `artifacts/backbones/mini`.
    """
    inside = _PACKAGE / "_bundled" / relative
    return inside if inside.exists() else _PACKAGE.parent / relative


def hint_for_adapter(text: str) -> str | None:
    """What to type for a trained adapter that comes with the package; None for any other name.

    Args:
        text: what a user typed where no such file is: `nli` or `artifacts/adapters/nli`.
    """
    name = text.replace("\\", "/").rstrip("/").removeprefix(f"{_ADAPTERS}/")
    folder = bundled(_ADAPTERS)
    known = {path.name for path in folder.iterdir() if path.is_dir()} if folder.is_dir() else set()
    if name not in known:
        return None
    return f"the adapter `{name}` comes with the package; give its folder: {folder / name}"
