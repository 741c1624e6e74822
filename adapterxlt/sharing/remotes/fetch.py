"""Fetching an artifact: manifest first, then the files it names, no byte more, resumed if cut."""

from __future__ import annotations

import hashlib
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from adapterxlt.errors import AdapterXLTError, InvalidArtifactError, MissingError
from adapterxlt.progress import Bar, Progress
from adapterxlt.sharing.bundle import HEADER, OVERHEAD
from adapterxlt.sharing.content import MAX_TOTAL, check_names
from adapterxlt.sharing.remotes.address import scheme_of, tidy
from adapterxlt.sharing.remotes.base import Files
from adapterxlt.sharing.remotes.opening import open_files
from adapterxlt.sharing.remotes.whereabouts import find_artifact
from adapterxlt.sharing.source import MAX_SIGNATURE, BundleSource, FolderSource, Source
from adapterxlt.sharing.verify import SPARE_BYTES
from adapterxlt.store.files import sha256_file
from adapterxlt.store.manifest import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    SIGNATURE_NAME,
    FileRecord,
    Manifest,
    parse_manifest,
)
from adapterxlt.store.store import Store

PART = ".part"


@contextmanager
def fetched(
    url: str, store: Store, progress: Progress, *, held: str | None = None
) -> Iterator[tuple[Source, str]]:
    """Give what is at a URL as a source that is yet to be verified; removed at the end.

    With it comes the fingerprint that it must have; that entry's lock is held meanwhile.

    Args:
        url: an artifact folder, a bundle (`.axlt`), or a place that holds one artifact.
        store: has files in transfer in its staging; what a kill leaves is used the next time.
        held: the fingerprint that is asked for, if the caller holds that entry's lock.

    Raises:
        MissingError: there is no artifact.
        InvalidArtifactError: a file is not what the manifest says.
        AdapterXLTError: the transfer failed; the same call continues from there.
    """
    files, name, content, packed = find_artifact(tidy(url))
    where = f"{files.shown}/{name}".rstrip("/")
    manifest = _announced(content, where)
    address = manifest.fingerprint
    if held is not None and address != held:
        raise InvalidArtifactError(f"{where}: belongs to another stage than the one requested")
    # Named by content: a push that replaces the artifact meanwhile does not mix with this.
    digest = hashlib.sha256(content).hexdigest()[:32]
    folder = store.staging(f"pull-{'file-' * packed}{digest}")
    with store.lock(address, say=progress.log) if held is None else nullcontext():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if shutil.disk_usage(folder).free < manifest.size + SPARE_BYTES:
                raise AdapterXLTError(f"{folder}: the disk has no room for {manifest.size} bytes")
            with progress.bar(f"pull {manifest.title[:40]}", manifest.size, unit="B") as bar:
                if packed:
                    most = manifest.size + len(content) + MAX_SIGNATURE
                    most += (len(manifest.files) + 3) * OVERHEAD
                    source: Source = _bundle(files, name, most, folder, bar)
                else:
                    source = _folder(files, name, content, manifest, folder, where, bar)
            yield source, address
        except InvalidArtifactError:  # of a transfer that was cut, what is here is kept
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)


def peek(url: str, name: str, most: int) -> tuple[Manifest, bytes]:
    """The manifest of the artifact at a URL and one of its files; hardly more is transferred.

    Args:
        name: of the file. most: bytes that it may have.

    Raises:
        MissingError: there is no artifact.
        InvalidArtifactError: it has no such file, or that is not what the manifest says.
    """
    files, place, content, packed = find_artifact(tidy(url))
    where = f"{files.shown}/{place}".rstrip("/")
    manifest = _announced(content, where)
    record = manifest.files.get(name)
    if record is None or record.size > most:
        raise InvalidArtifactError(f"{where}: its {name} is missing or exceeds the size limit")
    if packed:
        start = _start(files, place, manifest, len(content), name)
        found = _some(files, place, start, record.size)
    else:
        found = files.read(place + name, record.size) or b""
    if hashlib.sha256(found).hexdigest() != record.sha256:
        raise InvalidArtifactError(f"{where}: {name} does not match the manifest (sha256)")
    return manifest, found


def _start(files: Files, packed: str, manifest: Manifest, size: int, name: str) -> int:
    """Where a file of a bundle begins: all that comes before it is known by size."""

    def blocks(count: int) -> int:
        return HEADER + count + -count % HEADER

    start = blocks(size)
    header = _some(files, packed, start, HEADER)
    if header.startswith(SIGNATURE_NAME.encode()):
        try:
            signature = tarfile.TarInfo.frombuf(header, "ascii", "strict").size
        except (tarfile.HeaderError, ValueError):
            raise InvalidArtifactError(f"{files.shown}/{packed}: is damaged") from None
        start += blocks(min(signature, MAX_SIGNATURE))
    for other in sorted(manifest.files):
        if other == name:
            break
        start += blocks(manifest.files[other].size)
    return start + HEADER


def _some(files: Files, name: str, start: int, size: int) -> bytes:
    found = b""
    for block in files.blocks(name, start):
        found += block
        if len(found) >= size:
            break
    return found[:size]


def has(url: str, fingerprint: str) -> bool:
    """Whether a remote store holds an artifact of a stage, by what its manifest says it is.

    Raises:
        InvalidArtifactError: what is in its place is no manifest.
    """
    files = open_files(url_of(url, fingerprint))
    content = files.read(MANIFEST_NAME, MAX_MANIFEST_BYTES)
    if content is None:
        return False
    return parse_manifest(content, f"{files.shown}/{MANIFEST_NAME}").fingerprint == fingerprint


def url_of(url: str, fingerprint: str) -> str:
    """Where a remote store holds a stage; a repository of the Hub is one artifact."""
    return url if scheme_of(url) == "hf" else f"{url.rstrip('/')}/{fingerprint}"


def _announced(content: bytes, where: str) -> Manifest:
    """What a manifest says is there, if that can be."""
    if len(content) > MAX_MANIFEST_BYTES:
        raise InvalidArtifactError(
            f"{where}: the manifest exceeds the {MAX_MANIFEST_BYTES >> 20} MiB limit"
        )
    manifest = parse_manifest(content, f"{where}: {MANIFEST_NAME}")
    try:
        check_names(manifest.files)
    except InvalidArtifactError as error:
        raise InvalidArtifactError(f"{where}: {error.message}", hint=error.hint) from None
    if manifest.size > MAX_TOTAL:
        raise InvalidArtifactError(f"{where}: exceeds the limit of {MAX_TOTAL >> 30} GiB")
    return manifest


def _folder(
    files: Files,
    prefix: str,
    content: bytes,
    manifest: Manifest,
    folder: Path,
    where: str,
    bar: Bar,
) -> FolderSource:
    """Download the files of a manifest, from where an earlier try ended."""
    signature = files.read(prefix + SIGNATURE_NAME, MAX_SIGNATURE)
    for name, record in manifest.files.items():
        target = folder / name
        if not (target.is_file() and target.stat().st_size == record.size):
            target.parent.mkdir(parents=True, exist_ok=True)
            download(files, prefix + name, record, target, f"{where}/{name}")
        bar.advance(record.size)
    if signature is not None:
        (folder / SIGNATURE_NAME).write_bytes(signature)
    (folder / MANIFEST_NAME).write_bytes(content)
    return FolderSource(folder)


def download(files: Files, name: str, record: FileRecord, target: Path, where: str) -> None:
    """Download one file, from where an earlier try ended; it appears when its hash is right."""
    part = target.with_name(target.name + PART)
    offset = part.stat().st_size if part.is_file() else 0
    if offset > record.size:
        part.unlink()
        offset = 0
    with part.open("ab") as out:
        if offset < record.size:
            try:
                for block in files.blocks(name, offset):
                    offset += len(block)
                    if offset > record.size:
                        break
                    out.write(block)
            except MissingError:
                raise InvalidArtifactError(f"{where}: is missing") from None
    if offset != record.size or sha256_file(part) != record.sha256:
        if offset >= record.size:
            part.unlink()
            raise InvalidArtifactError(f"{where}: does not match the manifest (size or sha256)")
        raise AdapterXLTError(
            f"{where}: the transfer ended after {offset} of {record.size} bytes",
            hint="run the same command again to continue from there",
        )
    part.replace(target)


def _bundle(files: Files, name: str, most: int, folder: Path, bar: Bar) -> BundleSource:
    """Download a bundle, from where an earlier try ended; its content is verified as a whole.

    Args:
        most: bytes that it can have, by its manifest.
    """
    file = folder / "bundle"
    size = file.stat().st_size if file.is_file() else 0
    with file.open("ab") as out:
        bar.advance(size)
        for block in files.blocks(name, size):
            size += len(block)
            if size > most:
                raise InvalidArtifactError(f"{files.shown}/{name}: is longer than its stated size")
            out.write(block)
            bar.advance(len(block))
    return BundleSource(file)
