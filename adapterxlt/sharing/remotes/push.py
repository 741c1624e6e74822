"""Publishing: files first, the manifest last, so that what is visible is whole.

URL/<fingerprint>/...                 the artifact's files; manifest.json makes them visible
URL/.incoming/<fingerprint>/push.json the manifest that a running or interrupted push belongs to
URL/.incoming/<fingerprint>/...       files that are being written
"""

from __future__ import annotations

from pathlib import Path

from adapterxlt.errors import AdapterXLTError
from adapterxlt.progress import Progress
from adapterxlt.sharing.remotes.address import masked, printed, scheme_of, tidy
from adapterxlt.sharing.remotes.base import (
    INCOMING,
    Pushed,
    Sendable,
    WritableFiles,
    refuse_other,
)
from adapterxlt.sharing.remotes.opening import open_writable
from adapterxlt.sharing.source import MAX_SIGNATURE, FolderSource
from adapterxlt.store.manifest import (
    MANIFEST_NAME,
    MAX_MANIFEST_BYTES,
    SIGNATURE_NAME,
    Manifest,
)


def push(
    source: FolderSource, manifest: Manifest, url: str, progress: Progress, *, replace: bool = False
) -> Pushed:
    """Publish a verified artifact folder. What is there already is not sent again.

    Args:
        replace: put it in the place of another artifact of the same stage (other scores, ...), or
            send it again where it is damaged.

    Raises:
        UsageError: another artifact of the same stage is there, or the URL cannot be written.
        AdapterXLTError: the transfer failed; the same call continues from there.
    """
    url = tidy(url)
    if scheme_of(url) == "hf":
        from adapterxlt.sharing.remotes.hub import push_to_hub

        return push_to_hub(source, manifest, url, replace=replace)
    return push_files(source, manifest, open_writable(url), url, progress, replace=replace)


def push_files(
    source: Sendable,
    manifest: Manifest,
    files: WritableFiles,
    url: str,
    progress: Progress,
    *,
    replace: bool,
) -> Pushed:
    """As `push`, to files that are open."""
    folder = manifest.fingerprint
    place = printed(f"{masked(url).rstrip('/')}/{folder}")
    mine = (source.where / MANIFEST_NAME).read_bytes()
    theirs = files.read(f"{folder}/{MANIFEST_NAME}", MAX_MANIFEST_BYTES)
    signature = _content(source.where / SIGNATURE_NAME)
    if theirs == mine and not replace:
        if signature in (None, files.read(f"{folder}/{SIGNATURE_NAME}", MAX_SIGNATURE)):
            return Pushed(place, 0, 0)
        files.put(source.where / SIGNATURE_NAME, f"{folder}/{SIGNATURE_NAME}")
        return Pushed(place, 1, len(signature or b""))
    refuse_other(theirs, place, replace)
    try:
        sent = _send(source, manifest, files, progress, mine, theirs)
    except AdapterXLTError:
        if files.read(f"{folder}/{MANIFEST_NAME}", MAX_MANIFEST_BYTES) == mine:
            files.delete_folder(f"{INCOMING}/{folder}")
            return Pushed(place, 0, 0)  # another push of this artifact was faster
        raise
    return Pushed(place, len(sent), sum(sent))


def _send(
    source: Sendable,
    manifest: Manifest,
    files: WritableFiles,
    progress: Progress,
    mine: bytes,
    theirs: bytes | None,
) -> list[int]:
    """Send what an interrupted push has not sent; returns the sizes of the files."""
    folder = manifest.fingerprint
    marker = f"{INCOMING}/{folder}/push.json"  # says whose files are in the folder
    begun = files.read(marker, MAX_MANIFEST_BYTES)
    resumes = theirs is None and begun == mine
    if theirs is not None:
        files.put_bytes(theirs, marker)
        files.delete(f"{folder}/{MANIFEST_NAME}")
    if not resumes:
        if theirs is not None or begun is not None:
            files.delete_folder(folder)
        files.put_bytes(mine, marker)
    sent: list[int] = []

    def put(name: str) -> None:
        files.put(source.where / name, f"{folder}/{name}")
        sent.append(source.sizes[name])

    with progress.bar(f"push {manifest.title}", manifest.size, unit="B") as bar:
        for name, record in sorted(manifest.files.items()):
            # A file appears whole, so its size tells whether it is there.
            if not (resumes and files.size(f"{folder}/{name}") == record.size):
                put(name)
            bar.advance(record.size)
    files.delete(f"{folder}/{SIGNATURE_NAME}")  # of an interrupted push
    if SIGNATURE_NAME in source.sizes:
        put(SIGNATURE_NAME)
    if files.read(marker, MAX_MANIFEST_BYTES) != mine:
        raise AdapterXLTError(
            f"{files.shown}/{folder}: another push happened at the same time",
            hint="run the same command to try again",
        )
    put(MANIFEST_NAME)
    files.delete_folder(f"{INCOMING}/{folder}")
    return sent


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
