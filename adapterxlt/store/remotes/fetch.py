"""Fetching an artifact: manifest first, then the files it names, no byte more, resumed if cut."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from adapterxlt.errors import AdapterXLTError, InvalidArtifactError, MissingError
from adapterxlt.progress import Progress
from adapterxlt.store.bundle import SUFFIX
from adapterxlt.store.content import MAX_TOTAL, check_names
from adapterxlt.store.files import sha256_file
from adapterxlt.store.manifest import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    SIGNATURE_NAME,
    FileRecord,
    Manifest,
    parse_manifest,
)
from adapterxlt.store.remotes.files import Files, FsFiles, masked, open_files, scheme_of
from adapterxlt.store.source import MAX_SIGNATURE, BundleSource, FolderSource, Source
from adapterxlt.store.verify import SPARE_BYTES

PART = ".part"


@contextmanager
def fetched(url: str, staging: Path, progress: Progress) -> Iterator[Source]:
    """Give what is at a URL as a source that is yet to be verified; removed at the end.

    Args:
        url: an artifact folder, a bundle (`.axlt`), or a place that holds one artifact.
        staging: folder for files in transfer; what a kill leaves there is used the next time.

    Raises:
        MissingError: there is no artifact.
        InvalidArtifactError: a file is not what the manifest says.
        AdapterXLTError: the transfer failed; the same call goes on from there.
    """
    staging.mkdir(parents=True, exist_ok=True)
    if url.partition("?")[0].endswith(SUFFIX):
        with _bundle(url, staging) as bundle:
            yield bundle
        return
    files = open_files(url)
    content, prefix = _find_manifest(files)
    # Named by content: a push that replaces the artifact meanwhile does not mix with this.
    folder = staging / f"pull-{hashlib.sha256(content).hexdigest()[:32]}"
    with FileLock(f"{folder}.lock"):
        try:
            _download(files, prefix, content, folder, progress)
            yield FolderSource(folder)
        except InvalidArtifactError:  # of a transfer that was cut, what is here is kept
            shutil.rmtree(folder, ignore_errors=True)
            raise
        shutil.rmtree(folder, ignore_errors=True)


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


def _find_manifest(files: Files) -> tuple[bytes, str]:
    """The manifest at a URL, or of the only artifact in a place; and where its files begin."""
    content = files.read(MANIFEST_NAME, MAX_MANIFEST_BYTES)
    if content is not None:
        return content, ""
    found = []
    if isinstance(files, FsFiles):
        for name in files.folders()[:10_000]:
            content = files.read(f"{name}/{MANIFEST_NAME}", MAX_MANIFEST_BYTES)
            if content is not None:
                found.append((content, f"{name}/"))
    if len(found) == 1:
        return found[0]
    if found:
        names = [
            f"{prefix.rstrip('/')} ({parse_manifest(content, prefix).title})"
            for content, prefix in found[:20]
        ]
        raise MissingError(
            f"{files.shown}: there are {len(found)} artifacts",
            hint="add the name of one to the URL:\n  " + "\n  ".join(names),
        )
    raise MissingError(
        f"{files.shown}: there is no artifact",
        hint="give the URL that `adapterxlt artifact push` printed",
    )


def _download(files: Files, prefix: str, content: bytes, folder: Path, progress: Progress) -> None:
    where = f"{files.shown}/{prefix}".rstrip("/")
    if len(content) > MAX_MANIFEST_BYTES:
        raise InvalidArtifactError(f"{where}: the manifest is larger than any real one")
    manifest = parse_manifest(content, f"{where}: {MANIFEST_NAME}")
    try:
        check_names(manifest.files)
    except InvalidArtifactError as error:
        raise InvalidArtifactError(f"{where}: {error.message}", hint=error.hint) from None
    if manifest.size > MAX_TOTAL:
        raise InvalidArtifactError(f"{where}: says to hold more than {MAX_TOTAL >> 30} GiB")
    folder.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(folder).free < manifest.size + SPARE_BYTES:
        raise AdapterXLTError(f"{folder}: the disk has no room for {manifest.size} bytes")
    signature = files.read(prefix + SIGNATURE_NAME, MAX_SIGNATURE)
    _all(files, prefix, manifest, folder, where, progress)
    if signature is not None:
        (folder / SIGNATURE_NAME).write_bytes(signature)
    (folder / MANIFEST_NAME).write_bytes(content)


def _all(
    files: Files, prefix: str, manifest: Manifest, folder: Path, where: str, progress: Progress
) -> None:
    with progress.bar(f"pull {manifest.title[:40]}", manifest.size, unit="B") as bar:
        for name, record in manifest.files.items():
            target = folder / name
            if not (target.is_file() and target.stat().st_size == record.size):
                target.parent.mkdir(parents=True, exist_ok=True)
                _one(files, prefix + name, record, target, f"{where}/{name}")
            bar.advance(record.size)


def _one(files: Files, name: str, record: FileRecord, target: Path, where: str) -> None:
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
            raise InvalidArtifactError(f"{where}: is not what the manifest says (size or sha256)")
        raise AdapterXLTError(
            f"{where}: the transfer ended after {offset} of {record.size} bytes",
            hint="the same command goes on from there",
        )
    part.replace(target)


@contextmanager
def _bundle(url: str, staging: Path) -> Iterator[Source]:
    """Download a bundle; its content is known only when all of it is here, so from the start."""
    import tempfile

    parent, _, name = url.partition("?")[0].rpartition("/")
    files = open_files(parent)
    with tempfile.TemporaryDirectory(prefix="pull-", dir=staging) as aside:
        file = Path(aside) / "bundle"
        size, room = 0, shutil.disk_usage(aside).free - SPARE_BYTES
        with file.open("wb") as out:
            for block in files.blocks(name, 0):
                size += len(block)
                if size > min(room, MAX_TOTAL):
                    raise AdapterXLTError(f"{masked(url)}: is larger than there is room for")
                out.write(block)
        yield BundleSource(file)
