"""Finds an artifact at a URL: in a folder, as the only one of a folder, or in a packed file."""

from __future__ import annotations

import os
from urllib.parse import unquote

from adapterxlt.bundled import hint_for_adapter
from adapterxlt.errors import AdapterXLTError, InvalidArtifactError, MissingError
from adapterxlt.sharing.bundle import HEADER, manifest_size
from adapterxlt.sharing.remotes.address import hub_file, is_packed, path_of, scheme_of
from adapterxlt.sharing.remotes.base import Files
from adapterxlt.sharing.remotes.http import HttpFiles
from adapterxlt.sharing.remotes.opening import FsFiles, open_files
from adapterxlt.store.manifest import MANIFEST_NAME, MAX_MANIFEST_BYTES, parse_manifest

MAX_FOLDERS = 10_000  # of a remote that are looked into
SHOWN = 20


def find_artifact(url: str) -> tuple[Files, str, bytes, bool]:
    """Where an artifact's files are, their folder or packed file there, its manifest; if packed."""
    scheme = scheme_of(url)
    # A local file is packed whatever it is called, and so is what a query asks for.
    web = scheme in ("http", "https")
    local_file = scheme == "file" and os.path.isfile(path_of(url))
    if is_packed(url) or local_file or (web and "?" in url):
        files, name = _open_packed(url)
        return files, name, _packed_manifest(files, name), True
    files = open_files(url)
    try:
        content, name = _find_manifest(files, url)
    except MissingError as missing:
        if scheme in ("file", "hf"):
            raise
        try:
            files, name = _open_packed(url)
            return files, name, _packed_manifest(files, name), True
        except AdapterXLTError:
            raise missing from None
    return files, name, content, False


def _open_packed(url: str) -> tuple[Files, str]:
    """The place that a packed file is in, and its name there."""
    scheme, of_hub = scheme_of(url), hub_file(url)
    if of_hub is not None:
        return open_files(of_hub[0]), of_hub[1]
    if scheme in ("http", "https"):
        return HttpFiles(url, one=True), ""
    if scheme == "file":  # what it is a link to was chosen by who names it
        url = os.path.realpath(path_of(url))
    place, slash, name = url.rpartition("/")
    return open_files(place or slash), unquote(name) if scheme == "sftp" else name


def _find_manifest(files: Files, url: str) -> tuple[bytes, str]:
    """The manifest at a URL, or of the only artifact in a place; and where its files begin."""
    content = files.read(MANIFEST_NAME, MAX_MANIFEST_BYTES)
    if content is not None:
        return content, ""
    found: dict[str, str] = {}
    if isinstance(files, FsFiles):
        for folder in files.folders()[:MAX_FOLDERS]:
            another = files.read(f"{folder}/{MANIFEST_NAME}", MAX_MANIFEST_BYTES)
            if another is not None:
                content = another
                found[folder] = f"{folder} ({_title(another)})" if len(found) < SHOWN else "..."
            if len(found) > SHOWN:
                break
    if content is not None and len(found) == 1:
        return content, f"{next(iter(found))}/"
    if found:
        raise MissingError(
            f"{files.shown}: there are several artifacts",
            hint="add the name of one of them to the URL:\n  " + "\n  ".join(found.values()),
        )
    raise MissingError(
        f"{files.shown}: there is no artifact here",
        hint=hint_for_adapter(url) or "use the URL that `adapterxlt artifact push` printed",
    )


def _title(manifest: bytes) -> str:
    try:
        return parse_manifest(manifest, "").title
    except InvalidArtifactError:
        return "damaged"


def _packed_manifest(files: Files, name: str) -> bytes:
    """The manifest that a bundle begins with."""
    where = f"{files.shown}/{name}".rstrip("/")
    header = files.read(name, HEADER - 1)
    if header is None:
        raise MissingError(f"{where}: does not exist")
    end = HEADER + manifest_size(header, where)
    return (files.read(name, end - 1) or b"")[HEADER:]
