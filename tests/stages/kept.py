"""What of a stage's output must be the same whenever it is computed."""

from __future__ import annotations

from pathlib import Path


def kept_bytes(folder: Path) -> dict[str, bytes]:
    """All files of an entry of a store but those that say how long it took, and when."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in ("metrics.json", "manifest.json")
    }
