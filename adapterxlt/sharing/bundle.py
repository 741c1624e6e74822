"""An artifact as one file: an uncompressed tar that has exactly one spelling.

`manifest.json`, then its signature if there is one, then the files in the order of their names;
every header field but name and size is fixed. So the same artifact is the same bytes, `tar xf`
unpacks it, and a reader can refuse whatever is not written as it would write it: links, devices,
absolute paths, extended headers, sparse files, compression.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.sharing.content import MAX_FILES, MAX_TOTAL
from adapterxlt.show import brief
from adapterxlt.store.manifest import MANIFEST_NAME, MAX_MANIFEST_BYTES, SIGNATURE_NAME

SUFFIX = ".axlt"
_BLOCK = HEADER = tarfile.BLOCKSIZE
_END = 2 * _BLOCK
_HINT = (
    "only files that `adapterxlt artifact pack` wrote can be read; unpack other archives and "
    "give the folder"
)
_FIRST = (MANIFEST_NAME, SIGNATURE_NAME)
OVERHEAD = 2 * _BLOCK  # bytes of a bundle for each file, at most, and for its end


@dataclass(frozen=True)
class Member:
    """A file within a bundle: its first byte and its size."""

    start: int
    size: int


def order(names: list[str]) -> list[str]:
    """The order of files in a bundle."""
    return sorted(names, key=lambda name: (_FIRST.index(name) if name in _FIRST else 2, name))


def write_bundle(folder: Path, names: list[str], out: IO[bytes]) -> int:
    """Write files of a folder as a bundle; returns its size in bytes."""
    total = _END
    for name in order(names):
        size = (folder / name).stat().st_size
        out.write(_header(name, size))
        with (folder / name).open("rb") as stream:
            copied = 0
            while block := stream.read(1 << 20):
                copied += out.write(block)
        if copied != size:
            raise InvalidArtifactError(f"{folder / name}: changed while it was read")
        out.write(b"\0" * (-size % _BLOCK))
        total += _BLOCK + size + -size % _BLOCK
    out.write(b"\0" * _END)
    return total


def manifest_size(header: bytes, where: str) -> int:
    """The size of the manifest at the start of a bundle, read from its first HEADER bytes.

    Raises:
        InvalidArtifactError: it begins with something else.
    """
    try:
        size = tarfile.TarInfo.frombuf(header, "ascii", "strict").size
    except (tarfile.HeaderError, ValueError):
        raise _problem(where) from None
    if not 0 < size <= MAX_MANIFEST_BYTES or _header(MANIFEST_NAME, size) != header:
        raise _problem(where)
    return size


def _problem(where: str) -> InvalidArtifactError:
    return InvalidArtifactError(
        f"{where}: is not a bundle of adapterxlt, or is damaged",
        hint=_HINT,
    )


def read_members(stream: IO[bytes], size: int, where: str) -> dict[str, Member]:
    """List a bundle without reading the content of its files.

    Args:
        size: bytes of the bundle.

    Raises:
        InvalidArtifactError: it is no bundle, or not written as bundles are.
    """
    problem = _problem(where)
    if size > MAX_TOTAL + (MAX_FILES + 2) * OVERHEAD or size % _BLOCK or size < 2 * _END:
        raise problem
    members: dict[str, Member] = {}
    while True:
        header = stream.read(_BLOCK)
        if header == b"\0" * _BLOCK:
            break
        if len(members) > MAX_FILES + len(_FIRST):
            raise InvalidArtifactError(f"{where}: holds more than {MAX_FILES} files")
        try:
            info = tarfile.TarInfo.frombuf(header, "ascii", "strict")
        except (tarfile.HeaderError, ValueError):
            raise problem from None
        if not info.isreg():
            raise InvalidArtifactError(
                f"{where}: `{brief(info.name)}` is not a plain file, but a link, a device or a "
                "folder",
                hint=_HINT,
            )
        if info.name in members:
            raise InvalidArtifactError(f"{where}: holds `{brief(info.name)}` twice")
        if info.size < 0 or stream.tell() + info.size > size - _END:
            raise problem
        if _header(info.name, info.size) != header:
            raise InvalidArtifactError(
                f"{where}: the header of `{brief(info.name)}` does not have the form of a bundle",
                hint=_HINT,
            )
        members[info.name] = Member(stream.tell(), info.size)
        stream.seek(info.size, 1)
        padding = -info.size % _BLOCK
        if stream.read(padding) != b"\0" * padding:
            raise problem
    if stream.read() != b"\0" * _BLOCK or list(members) != order(list(members)):
        raise problem
    return members


def _header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    try:
        return info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")
    except (ValueError, UnicodeError):
        raise InvalidArtifactError(f"`{brief(name)}` is not a valid file name") from None
