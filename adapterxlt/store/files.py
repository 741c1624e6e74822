"""Small file operations that survive a kill: atomic writes, content hashes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

_BLOCK = 1 << 20


def sha256_file(path: Path) -> str:
    """Return the hex sha256 of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def canonical_json(value: object) -> str:
    """Return JSON that is equal for equal values: sorted keys, no spaces, no NaN."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def address_of(parts: Mapping[str, object]) -> str:
    """Return the address of what these parts describe: their hex sha256 as canonical JSON."""
    return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


def write_atomic(path: Path, text: str) -> None:
    """Write `text` to `path` so that a reader sees the old file or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with aside.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def write_json(path: Path, value: object) -> None:
    """Write `value` atomically as indented JSON with sorted keys."""
    write_atomic(
        path,
        json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
    )


def tree_size(folder: Path) -> int:
    """Return the bytes of all regular files below `folder`."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
