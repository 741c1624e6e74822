"""Publishing: files first, the manifest last, so that what is visible is whole.

URL/<fingerprint>/...            the artifact's files; manifest.json makes them visible
URL/.incoming/<fingerprint>.json the manifest that a running or interrupted push belongs to
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adapterxlt.errors import UsageError
from adapterxlt.progress import Progress
from adapterxlt.store.manifest import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    SIGNATURE_NAME,
    Manifest,
)
from adapterxlt.store.remotes.files import WritableFiles, masked, open_writable, scheme_of
from adapterxlt.store.source import MAX_SIGNATURE, FolderSource


@dataclass(frozen=True)
class Pushed:
    """Where an artifact is now, and how many files and bytes had to be sent."""

    url: str
    files: int
    bytes: int


def push(
    source: FolderSource, manifest: Manifest, url: str, progress: Progress, *, replace: bool = False
) -> Pushed:
    """Publish a verified artifact folder. What is there already is not sent again.

    Args:
        replace: put it in the place of another artifact of the same stage (other scores, ...).

    Raises:
        UsageError: another artifact of the same stage is there, or the URL cannot be written.
        AdapterXLTError: the transfer failed; the same call goes on from there.
    """
    if scheme_of(url) == "hf":
        from adapterxlt.store.remotes.hub import push_to_hub

        return push_to_hub(source, manifest, url, replace=replace)
    return push_files(source, manifest, open_writable(url), url, progress, replace=replace)


def push_files(
    source: FolderSource,
    manifest: Manifest,
    files: WritableFiles,
    url: str,
    progress: Progress,
    *,
    replace: bool,
) -> Pushed:
    """As `push`, to files that are open."""
    folder = manifest.fingerprint
    place = f"{masked(url).rstrip('/')}/{folder}"
    mine = (source.where / MANIFEST_NAME).read_bytes()
    theirs = files.read(f"{folder}/{MANIFEST_NAME}", MAX_MANIFEST_BYTES)
    signature = _content(source.where / SIGNATURE_NAME)
    if theirs == mine:
        if signature in (None, files.read(f"{folder}/{SIGNATURE_NAME}", MAX_SIGNATURE)):
            return Pushed(place, 0, 0)
        files.put(source.where / SIGNATURE_NAME, f"{folder}/{SIGNATURE_NAME}")
        return Pushed(place, 1, len(signature or b""))
    refuse_other(theirs, place, replace)
    marker = f".incoming/{folder}.json"
    resumes = files.read(marker, MAX_MANIFEST_BYTES) == mine
    files.delete(f"{folder}/{MANIFEST_NAME}")
    files.delete(f"{folder}/{SIGNATURE_NAME}")
    if not resumes:
        files.put_bytes(mine, marker)
    sent: list[int] = []
    with progress.bar(f"push {manifest.title}", manifest.size, unit="B") as bar:
        for name, record in sorted(manifest.files.items()):
            there = resumes and files.size(f"{folder}/{name}") == record.size
            if not there:  # a file appears whole, so its size tells
                files.put(source.where / name, f"{folder}/{name}")
                sent.append(record.size)
            bar.advance(record.size)
    if signature is not None:
        files.put(source.where / SIGNATURE_NAME, f"{folder}/{SIGNATURE_NAME}")
        sent.append(len(signature))
    files.put(source.where / MANIFEST_NAME, f"{folder}/{MANIFEST_NAME}")
    files.delete(marker)
    return Pushed(place, len(sent) + 1, sum(sent) + len(mine))


def refuse_other(theirs: bytes | None, place: str, replace: bool) -> None:
    """Refuse to overwrite another artifact unasked."""
    if theirs is not None and not replace:
        raise UsageError(
            f"{place}: another artifact of this stage is there (other scores, licence or machine)",
            hint="--replace puts this one in its place",
        )


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
