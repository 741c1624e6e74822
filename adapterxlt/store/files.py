"""Small file operations that survive a kill: atomic writes, content hashes."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from adapterxlt.store.atomic import replacing
from adapterxlt.store.disk import writing

_BLOCK = 1 << 20


def sha256_file(path: Path) -> str:
    """Return the hex sha256 of a file's content."""
    with path.open("rb") as stream:
        return sha256_of(iter(lambda: stream.read(_BLOCK), b""))


def sha256_of(blocks: Iterable[bytes]) -> str:
    """Return the hex sha256 of a content that is read block by block."""
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


def sha256_kept(path: Path) -> str:
    """The same as `sha256_file`, but cached while size and modification time stay the same."""
    status = path.stat()
    return _sha256_kept(path.resolve(), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=8192)
def _sha256_kept(path: Path, size: int, modified_ns: int) -> str:
    return sha256_file(path)


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
    with writing(path, surely=False), replacing(path) as (stream, _):
        stream.write(text.encode("utf-8"))
        stream.flush()
        os.fsync(stream.fileno())


def write_json(path: Path, value: object) -> None:
    """Write `value` atomically as indented JSON with sorted keys."""
    write_atomic(
        path,
        json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
    )


def files_below(folder: Path, ending: str = "") -> Iterator[Path]:
    """Yield the files below `folder` whose names end so.

    Folders and files are passed over that may not be looked at, or that another process removes
    meanwhile; `Path.rglob` fails then.
    """
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            with suppress(OSError):
                if name.endswith(ending) and path.is_file():
                    yield path


def tree_size(folder: Path) -> int:
    """Return the bytes of all files below `folder`; those that another process removes are 0."""
    size = 0
    for path in files_below(folder):
        with suppress(FileNotFoundError):
            size += path.stat().st_size
    return size
