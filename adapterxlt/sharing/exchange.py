"""A remote store that holds every finished stage of a run, as its work folder does. No torch.

URL/entries/<fingerprint>/...    the entry: its files first, manifest.json last
URL/entries/.incoming/...        what is being written

Unlike an artifact, an entry is an exact copy, and measurements have one too. So whoever can write
there can change results. What comes from there is held to the rules of artifacts all the same: no
pickles, no path out of the folder, no more than the manifest says, every hash right.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from adapterxlt.errors import AdapterXLTError, InvalidArtifactError, MissingError, UsageError
from adapterxlt.progress import Progress
from adapterxlt.results.measures import MEASURES_NAME, PREDICTIONS_FOLDER, read_measures
from adapterxlt.results.outcomes import OUTCOMES_NAME, read_outcomes
from adapterxlt.results.predicted import PREDICTED_NAME, read_predicted
from adapterxlt.sharing.content import (
    MAX_TOTAL,
    SUFFIXES,
    check_content,
    check_names,
    refuse_by_start,
)
from adapterxlt.sharing.remotes.address import masked, scheme_of
from adapterxlt.sharing.remotes.base import INCOMING
from adapterxlt.sharing.remotes.fetch import download
from adapterxlt.sharing.remotes.opening import FsFiles, open_writable
from adapterxlt.sharing.remotes.push import push_files
from adapterxlt.sharing.verify import SPARE_BYTES
from adapterxlt.store.files import address_of
from adapterxlt.store.manifest import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    SIGNATURE_NAME,
    Manifest,
    parse_manifest,
)
from adapterxlt.store.store import Store

FOLDER = "entries"
SCHEMES = ("file", "s3", "sftp")
_SUFFIXES = (*SUFFIXES, ".npz", ".tsv", ".txt", ".prediction", ".json.gz")
_ADDRESS = re.compile(r"[0-9a-f]{64}")
MAX_MEASURES = 64 << 20  # bytes: 200 languages by 25 layers by 4 poolings take 40 MB
T = TypeVar("T")


@dataclass(frozen=True)
class _Entry:
    """The files of an entry that are sent."""

    where: Path
    sizes: dict[str, int]


class Exchange:
    """Gives entries to a remote store and takes them from there.

    Args:
        url: a folder, `s3://` or `sftp://`.

    Raises:
        UsageError: it is an address of another kind.
    """

    def __init__(self, url: str, progress: Progress) -> None:
        if scheme_of(url) not in SCHEMES:
            raise UsageError(
                f"store.remotes: {masked(url)}: `write: true` is not possible there",
                hint="use a folder, s3:// or sftp://",
            )
        self.url, self.shown, self.progress = url, masked(url), progress
        self._damaged: set[str] = set()
        self._whole: set[str] = set()

    @cached_property
    def _files(self) -> FsFiles:
        files = open_writable(f"{self.url.rstrip('/')}/{FOLDER}")
        assert isinstance(files, FsFiles)
        return files

    @cached_property
    def _listed(self) -> set[str]:
        """What seems to be there, asked once: a plan has many steps."""
        return {name for name in self._files.folders() if _ADDRESS.fullmatch(name)}

    @contextmanager
    def probed(self) -> Iterator[str]:
        """Write a small file and read it back; gives its name, and removes it in the end.

        Raises:
            UsageError: that fails.
        """
        name, content = f"probe-{uuid.uuid4().hex}", os.urandom(16).hex().encode()
        try:
            self._files.put_bytes(content, name)
            if self._files.read(name, len(content)) != content:
                raise AdapterXLTError("what was written there cannot be read back")
        except AdapterXLTError as error:
            raise UsageError(
                f"store.remotes: {self.shown}: cannot be used with `write: true`: {error.message}",
                hint=error.hint,
            ) from error
        try:
            yield name
        finally:
            self._files.delete(name)
            self._files.delete_folder(f"{INCOMING}/{name}")

    def sees(self, probe: str) -> bool:
        """Whether what another machine has written is seen from here."""
        return self._files.read(probe, 1) is not None

    def lists(self, fingerprint: str) -> bool:
        """Whether it seemed to have an entry when it was asked first."""
        return fingerprint in self._listed and self.has(fingerprint)

    def has(self, fingerprint: str) -> bool:
        """Whether it has an entry, and none that was found to be damaged."""
        if fingerprint in self._whole:
            return True
        if fingerprint in self._damaged:
            return False
        name = f"{fingerprint}/{MANIFEST_NAME}"
        if self._tried(lambda files: files.read(name, 1)) is None:
            return False
        self._whole.add(fingerprint)
        return True

    def pull(self, fingerprint: str, store: Store) -> bool:
        """Have a store hold the same result of a stage; returns whether there is one.

        Another result that the store has is replaced. Hold the entry's lock.

        Raises:
            InvalidArtifactError: it is damaged, and so `has` says no from now on.
            AdapterXLTError: the transfer failed; the same call goes on from there.
        """
        if not self.has(fingerprint):
            return False
        try:
            self._tried(lambda files: self._fetch(files, fingerprint, store))
        except InvalidArtifactError:
            self._whole.discard(fingerprint)
            self._damaged.add(fingerprint)
            raise
        return True

    def push(self, fingerprint: str, store: Store) -> None:
        """Send an entry, unless it is there.

        Raises:
            InvalidArtifactError: it is damaged, or nothing that could be pulled again.
            AdapterXLTError: the transfer failed; the same call goes on from there.
        """
        manifest = store.get(fingerprint)
        if manifest is None or self.has(fingerprint):
            return
        folder = store.path(fingerprint)
        _check_entry(folder, manifest, str(folder))
        sizes = {name: record.size for name, record in manifest.files.items()}
        for name in (MANIFEST_NAME, SIGNATURE_NAME):
            if (folder / name).is_file():
                sizes[name] = (folder / name).stat().st_size
        replace = fingerprint in self._damaged

        def send(files: FsFiles) -> None:
            push_files(
                _Entry(folder, sizes), manifest, files, self.url, self.progress, replace=replace
            )

        try:
            self._tried(send)
        except AdapterXLTError:
            if not self.has(fingerprint):
                raise
            # Another worker was faster.
        self._damaged.discard(fingerprint)
        self._whole.add(fingerprint)

    def _tried(self, act: Callable[[FsFiles], T]) -> T:
        """Do it, over a new connection if need be: servers cut those that are idle for long."""
        try:
            return act(self._files)
        except (InvalidArtifactError, MissingError, UsageError):
            raise
        except AdapterXLTError:
            self.__dict__.pop("_files", None)  # not there if it could not be opened
            return act(self._files)

    def _fetch(self, files: FsFiles, fingerprint: str, store: Store) -> None:
        where = f"{self.shown}/{FOLDER}/{fingerprint}"
        content = files.read(f"{fingerprint}/{MANIFEST_NAME}", MAX_MANIFEST_BYTES) or b""
        manifest = parse_manifest(content[: MAX_MANIFEST_BYTES + 1], f"{where}/{MANIFEST_NAME}")
        if manifest.fingerprint != fingerprint or address_of(manifest.parts) != fingerprint:
            raise InvalidArtifactError(f"{where}: belongs to another stage than the one requested")
        held = store.whole(fingerprint)
        if held is not None and held.files == manifest.files:
            return
        _check_names(manifest, where)
        if manifest.size > MAX_TOTAL:
            raise InvalidArtifactError(f"{where}: exceeds the limit of {MAX_TOTAL >> 30} GiB")
        # Named by content: what is put in its place meanwhile does not mix with this.
        aside = store.staging(f"pull-{hashlib.sha256(content).hexdigest()[:32]}")
        aside.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(aside).free < manifest.size + SPARE_BYTES:
            raise AdapterXLTError(f"{aside}: the disk has no room for {manifest.size} bytes")
        try:
            with self.progress.bar(f"pull {manifest.title[:40]}", manifest.size, unit="B") as bar:
                for name, record in manifest.files.items():
                    target = aside / name
                    if not target.is_file():
                        target.parent.mkdir(parents=True, exist_ok=True)
                        download(files, f"{fingerprint}/{name}", record, target, f"{where}/{name}")
                    bar.advance(record.size)
            _check_entry(aside, manifest, where)
            (aside / MANIFEST_NAME).write_bytes(content)
            if held is not None:
                self.progress.log(
                    f"{manifest.title}: {self.shown} has another result, which replaces the one "
                    "here"
                )
                store.remove(fingerprint)
            store.adopt(aside, manifest)
        except InvalidArtifactError:  # of a transfer that was cut, what is here is kept
            shutil.rmtree(aside, ignore_errors=True)
            raise
        shutil.rmtree(aside, ignore_errors=True)


def _check_names(manifest: Manifest, where: str) -> None:
    try:
        check_names(manifest.files, _SUFFIXES)
    except InvalidArtifactError as error:
        raise InvalidArtifactError(f"{where}: {error.message}", hint=error.hint) from None


def _check_entry(folder: Path, manifest: Manifest, where: str) -> None:
    """Check that the files of an entry are what their names say; their hashes were compared."""
    _check_names(manifest, where)
    for name, record in manifest.files.items():
        shown = f"{where}/{name}"
        if name == OUTCOMES_NAME:
            read_outcomes(folder)
        elif name == PREDICTED_NAME:
            read_predicted(folder)
        elif name == MEASURES_NAME:
            if record.size > MAX_MEASURES:
                raise InvalidArtifactError(f"{shown}: exceeds the size limit")
            read_measures(folder)
        else:
            with (folder / name).open("rb") as stream:
                if name.startswith(f"{PREDICTIONS_FOLDER}/"):  # texts of any length and content
                    refuse_by_start(stream, name, record.size, shown)
                else:
                    check_content(stream, name, record.size, shown)
