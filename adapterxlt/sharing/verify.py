"""Check an artifact against its manifest, file by file, before anything is written. No torch."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from adapterxlt.errors import AdapterXLTError, InvalidArtifactError
from adapterxlt.lfs import FETCH, POINTER, is_pointer
from adapterxlt.sharing.content import check_content, check_names
from adapterxlt.sharing.source import Source, blocks, read_small
from adapterxlt.show import brief
from adapterxlt.store.disk import writing
from adapterxlt.store.files import address_of, sha256_of
from adapterxlt.store.manifest import (
    MANIFEST_NAME,
    SIGNATURE_NAME,
    Manifest,
    parse_manifest,
)

_AGAIN = "get the artifact again, or make it again with `adapterxlt artifact pack`"
SPARE_BYTES = 64 << 20  # left free on the disk


def verify(source: Source) -> Manifest:
    """Recompute every hash; returns the manifest.

    Raises:
        InvalidArtifactError: a file is missing, unexpected, not what the manifest says, or of a
            kind that no artifact holds.
    """
    where = f"{source.where}"
    content = read_small(source, MANIFEST_NAME)
    manifest = parse_manifest(content, f"{where}: {MANIFEST_NAME}")
    if manifest.artifact is None:
        raise InvalidArtifactError(
            f"{where}: is an entry of a store, which cannot be shared directly",
            hint="make an artifact of it with `adapterxlt artifact pack`",
        )
    if manifest.sealed().text().encode() != content:
        raise InvalidArtifactError(
            f"{where}: {MANIFEST_NAME} was changed after it was written (seal)",
            hint=_AGAIN,
        )
    if address_of(manifest.parts) != manifest.fingerprint:
        raise InvalidArtifactError(
            f"{where}: its fingerprint does not match its contents", hint=_AGAIN
        )
    try:
        check_names(manifest.files)
    except InvalidArtifactError as error:
        raise InvalidArtifactError(f"{where}: {error.message}", hint=error.hint) from None
    names = source.sizes.keys() - {MANIFEST_NAME, SIGNATURE_NAME}
    for name in sorted(names - manifest.files.keys()):
        raise InvalidArtifactError(f"{where}: {name} is not in the manifest", hint=_AGAIN)
    for name, record in manifest.files.items():
        if name not in names:
            raise InvalidArtifactError(f"{where}: {name} is missing", hint=_AGAIN)
        if source.sizes[name] != record.size:
            with source.open(name) as stream:
                if is_pointer(stream.read(50), source.sizes[name]):
                    raise InvalidArtifactError(f"{where}: {name} {POINTER}", hint=FETCH)
            raise InvalidArtifactError(
                f"{where}: {name} has {source.sizes[name]} bytes, but the manifest states "
                f"{record.size}",
                hint=_AGAIN,
            )
    found = {}
    for name in sorted(manifest.files):
        with source.open(name) as stream:
            hashes = check_content(stream, name, source.sizes[name], f"{where}: {name}")
        if hashes or name.endswith(".safetensors"):
            found[name] = hashes
        with blocks(source, name) as read:
            digest = sha256_of(read)
        if digest != manifest.files[name].sha256:
            raise InvalidArtifactError(
                f"{where}: {name} does not match the manifest (sha256)", hint=_AGAIN
            )
    _compare_tensors(found, manifest.artifact.tensors, where)
    return manifest


def unpack(source: Source, manifest: Manifest, folder: Path) -> None:
    """Copy a verified artifact into an empty folder, comparing hashes again.

    Raises:
        InvalidArtifactError: it changed since it was verified; `folder` is removed.
        AdapterXLTError: the disk has no room.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if shutil.disk_usage(folder).free < manifest.size + SPARE_BYTES:
            raise AdapterXLTError(
                f"{folder.parent}: the disk has no room for {manifest.size} bytes"
            )
        for name in source.sizes:
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            digest = hashlib.sha256()
            with (
                writing(target, surely=False),
                target.open("xb") as out,
                blocks(source, name) as read,
            ):
                for block in read:
                    digest.update(block)
                    out.write(block)
            record = manifest.files.get(name)
            if record is not None and digest.hexdigest() != record.sha256:
                raise InvalidArtifactError(f"{source.where}: {name} changed while it was read")
        if parse_manifest((folder / MANIFEST_NAME).read_bytes(), str(folder)) != manifest:
            raise InvalidArtifactError(f"{source.where}: its manifest changed while it was read")
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _compare_tensors(
    found: dict[str, dict[str, str]], written: dict[str, dict[str, str]], where: str
) -> None:
    if found.keys() != written.keys():
        listed = brief(", ".join(sorted(written)) or "no file")
        raise InvalidArtifactError(
            f"{where}: the manifest lists tensors of {listed}, but the files are "
            f"{', '.join(sorted(found)) or 'none'}"
        )
    for file, tensors in found.items():
        missing, extra = (
            written[file].keys() - tensors.keys(),
            tensors.keys() - written[file].keys(),
        )
        if missing or extra:
            what = (
                f"lacks the tensor `{brief(min(missing))}`"
                if missing
                else (f"has the extra tensor `{brief(min(extra))}`")
            )
            raise InvalidArtifactError(f"{where}: {file} {what}")
        for name, value in tensors.items():
            if written[file][name] != value:
                raise InvalidArtifactError(
                    f"{where}: {file}: tensor `{brief(name)}` does not match the manifest"
                )
