"""An unchecked artifact: a folder, or a bundle. No torch."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Protocol

from adapterxlt.errors import InvalidArtifactError, UsageError
from adapterxlt.sharing.bundle import Member, read_members
from adapterxlt.sharing.content import MAX_FILES, MAX_TOTAL, check_names
from adapterxlt.store.inside import leads_out, open_inside, real_path, stays
from adapterxlt.store.manifest import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    SIGNATURE_NAME,
    read_manifest,
)

MAX_SIGNATURE = 64 << 10


class Source(Protocol):
    """Files by name; nothing of what they say is trusted."""

    where: Path
    sizes: dict[str, int]

    def open(self, name: str) -> IO[bytes]:
        """Open a file for reading, at its first byte; a bundle's goes on after its end."""


class FolderSource:
    """The files of a folder that its manifest lists.

    What else lies there (a clone's `.git`, a desktop's `.DS_Store`) is neither opened nor copied.

    Args:
        folder: where they lie.

    Attributes:
        ignored: names of what is not listed, folders with a slash at their end.
        plain: whether the folder holds the listed files alone, so that it can be used as it is.

    Raises:
        InvalidArtifactError: it holds links out of it, devices, too many files, or unusable names.
    """

    def __init__(self, folder: Path) -> None:
        self.where = folder
        self.sizes: dict[str, int] = {}
        self.ignored: list[str] = []
        names = [MANIFEST_NAME, SIGNATURE_NAME, *_listed(folder)]
        for name in names:
            try:
                real = real_path(folder, name)
            except (FileNotFoundError, NotADirectoryError):
                continue
            if not real.is_file():
                raise InvalidArtifactError(f"{folder / name}: is a folder, not a file")
            self.sizes[name] = real.lstat().st_size
        _check(self, str(folder))
        folders = {"", *(name.rpartition("/")[0] + "/" for name in self.sizes if "/" in name)}
        inner = {f"{part}/" for name in folders for part in _above(name)}
        links = False
        for prefix in sorted(folders | inner):
            for name, is_link in _entries(folder, prefix):
                links |= is_link
                if name not in self.sizes and f"{name}/" not in folders | inner:
                    self.ignored.append(name + "/" * (folder / name).is_dir())
        self.plain = not links and not self.ignored

    def open(self, name: str) -> IO[bytes]:
        """Open a file; never through a link that was put there since."""
        return open_inside(self.where, name)


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
        raise InvalidArtifactError(f"{source.where}: {name} exceeds the size limit")
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


def _listed(folder: Path) -> list[str]:
    """Names that the manifest of a folder lists, fit to be looked for."""
    if not os.path.lexists(folder / MANIFEST_NAME):
        raise _no_manifest(str(folder), (folder / "config.json").exists())
    names = list(read_manifest(folder).files)
    _check_names(names, str(folder))
    return names


def _above(folder: str) -> list[str]:
    """`a` and `a/b` of `a/b/`."""
    parts = folder.split("/")[:-1]
    return ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]


def _entries(folder: Path, prefix: str) -> Iterator[tuple[str, bool]]:
    """Name of all that lies in a folder of an artifact, and whether it is a link."""
    place = folder / prefix
    with os.scandir(place) as found:
        entries = list(islice(found, MAX_FILES + 1))
    if len(entries) > MAX_FILES:
        raise InvalidArtifactError(f"{place}: exceeds the limit of {MAX_FILES} files")
    for entry in sorted(entries, key=lambda entry: entry.name):
        mode = entry.stat(follow_symlinks=False).st_mode
        link = stat.S_ISLNK(mode)
        if link and not stays(folder, Path(os.path.realpath(entry.path))):
            raise leads_out(place / entry.name)
        if not (link or stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            raise InvalidArtifactError(f"{place / entry.name}: is a device or a pipe")
        yield prefix + entry.name, link


def _check(source: Source, where: str) -> None:
    if MANIFEST_NAME not in source.sizes:
        raise _no_manifest(where, "config.json" in source.sizes)
    _check_names(source.sizes, where)
    if sum(source.sizes.values()) > MAX_TOTAL:
        raise InvalidArtifactError(f"{where}: exceeds the limit of {MAX_TOTAL >> 30} GiB")


def _no_manifest(where: str, model: bool) -> InvalidArtifactError:
    return InvalidArtifactError(
        f"{where}: there is no {MANIFEST_NAME}",
        hint="it looks like a whole model, which a recipe can use as its `backbone:`"
        if model
        else "make artifacts with `adapterxlt artifact pack`",
    )


def _check_names(names: Iterable[str], where: str) -> None:
    try:
        check_names(names)
    except InvalidArtifactError as error:
        raise InvalidArtifactError(f"{where}: {error.message}", hint=error.hint) from None
