"""An artifact that nobody has checked yet: a folder, or a bundle. No torch."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Protocol

from adapterxlt.errors import InvalidArtifactError, UsageError
from adapterxlt.store.bundle import Member, read_members
from adapterxlt.store.content import MAX_DEPTH, MAX_FILES, MAX_TOTAL, check_names
from adapterxlt.store.manifest import MANIFEST_NAME, MAX_MANIFEST_BYTES, SIGNATURE_NAME

MAX_SIGNATURE = 64 << 10


class Source(Protocol):
    """Files by name; nothing of what they say is trusted."""

    where: Path
    sizes: dict[str, int]

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading, at its first byte; a bundle's goes on after its end."""


class FolderSource:
    """The files of a folder.

    Raises:
        InvalidArtifactError: it holds links, devices, too many files, or unusable names.
    """

    def __init__(self, folder: Path) -> None:
        self.where = folder
        self.sizes = dict(islice(_walk(folder, "", 0), MAX_FILES + 1))
        _check(self, str(folder))

    def open(self, name: str) -> IO[bytes]:
        """Open a file; never through a link that was put there since."""
        return os.fdopen(os.open(self.where / name, os.O_RDONLY | os.O_NOFOLLOW), "rb")


class BundleSource:
    """The files of a bundle.

    Raises:
        InvalidArtifactError: it is no bundle, or holds unusable names.
    """

    def __init__(self, file: Path) -> None:
        self.where = file
        with file.open("rb") as stream:
            self._members: dict[str, Member] = read_members(stream, file.stat().st_size, str(file))
        self.sizes = {name: member.size for name, member in self._members.items()}
        _check(self, str(file))

    def open(self, name: str) -> IO[bytes]:
        """Open the bundle at a file's first byte."""
        stream = self.where.open("rb")
        stream.seek(self._members[name].start)
        return stream


def open_source(path: Path) -> Source:
    """Open a folder or a bundle.

    Raises:
        UsageError: there is neither.
        InvalidArtifactError: see the two.
    """
    if path.is_dir():
        return FolderSource(path)
    if path.is_file():
        return BundleSource(path)
    raise UsageError(f"{path}: there is no such file or folder")


def read_small(source: Source, name: str) -> bytes:
    """The whole content of `manifest.json` or its signature."""
    limit = MAX_SIGNATURE if name == SIGNATURE_NAME else MAX_MANIFEST_BYTES
    if source.sizes[name] > limit:
        raise InvalidArtifactError(f"{source.where}: {name} is larger than any real one")
    with source.open(name) as stream:
        return stream.read(source.sizes[name])


@contextmanager
def blocks(source: Source, name: str) -> Iterator[Iterator[bytes]]:
    """The content of a file in blocks of at most a megabyte."""

    def read(stream: IO[bytes]) -> Iterator[bytes]:
        left = source.sizes[name]
        while left:
            block = stream.read(min(left, 1 << 20))
            if not block:
                raise InvalidArtifactError(f"{source.where}: {name} is cut off")
            left -= len(block)
            yield block

    with source.open(name) as stream:
        yield read(stream)


def _check(source: Source, where: str) -> None:
    if MANIFEST_NAME not in source.sizes:
        model = "config.json" in source.sizes
        raise InvalidArtifactError(
            f"{where}: there is no {MANIFEST_NAME}",
            hint="it looks like a whole model: a recipe takes one as its `backbone:`"
            if model
            else "`adapterxlt artifact pack` makes artifacts",
        )
    try:
        check_names(source.sizes)
    except InvalidArtifactError as error:
        raise InvalidArtifactError(f"{where}: {error.message}", hint=error.hint) from None
    if sum(source.sizes.values()) > MAX_TOTAL:
        raise InvalidArtifactError(f"{where}: holds more than {MAX_TOTAL >> 30} GiB")


def _walk(folder: Path, prefix: str, depth: int) -> Iterator[tuple[str, int]]:
    if depth > MAX_DEPTH:
        raise InvalidArtifactError(f"{folder}: folders lie more than {MAX_DEPTH} deep")
    with os.scandir(folder) as found:
        entries = list(islice(found, MAX_FILES + 1))
        if len(entries) > MAX_FILES:
            raise InvalidArtifactError(f"{folder}: holds more than {MAX_FILES} files")
        for entry in sorted(entries, key=lambda entry: entry.name):
            status = entry.stat(follow_symlinks=False)
            name = prefix + entry.name
            if stat.S_ISDIR(status.st_mode):
                yield from _walk(folder / entry.name, f"{name}/", depth + 1)
            elif stat.S_ISREG(status.st_mode):
                yield name, status.st_size
            else:
                raise InvalidArtifactError(f"{folder / entry.name!s}: is a link or a device")
