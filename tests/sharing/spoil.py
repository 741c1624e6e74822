"""Ways to spoil an artifact, and the check that it is refused and leaves nothing behind."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.sharing.make import finish
from adapterxlt.sharing.source import open_source
from adapterxlt.sharing.transport import take_in
from adapterxlt.store.files import sha256_file
from adapterxlt.store.manifest import MANIFEST_NAME, FileRecord, parse_manifest, read_manifest
from adapterxlt.store.store import Store

Spoil = Callable[[Path], None]


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the manifest as JSON."""
    path = folder / MANIFEST_NAME
    document = json.loads(path.read_text())
    change(document)
    text = json.dumps(document)
    with suppress(InvalidArtifactError):  # sealed again, as an attacker would
        text = parse_manifest(text.encode(), "").sealed().text()
    path.write_text(text)


def relist(folder: Path) -> None:
    """Make the manifest's list of files agree with the folder again, as an attacker would."""
    files = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST_NAME)
    records = {
        p.relative_to(folder).as_posix(): FileRecord(size=p.stat().st_size, sha256=sha256_file(p))
        for p in files
    }
    edit(
        folder,
        lambda m: m.update(files={name: record.model_dump() for name, record in records.items()}),
    )


def put(name: str, content: bytes) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        relist(folder)

    return spoil


def header(change: Callable[[dict[str, Any]], object], tail: bytes = b"") -> Spoil:
    """Change the header of the weights, and list the file anew."""

    def spoil(folder: Path) -> None:
        path = folder / "adapter.safetensors"
        content = path.read_bytes()
        length = int.from_bytes(content[:8], "little")
        document = json.loads(content[8 : 8 + length])
        change(document)
        text = json.dumps(document).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + content[8 + length :] + tail)
        relist(folder)

    return spoil


def weights(
    change: Callable[[dict[str, np.ndarray[Any, Any]]], object], again: bool = False
) -> Spoil:
    """Change the tensors; `again` describes them anew in the manifest."""

    def spoil(folder: Path) -> None:
        path = folder / "adapter.safetensors"
        tensors = {name: value.copy() for name, value in load_file(path).items()}
        change(tensors)
        save_file(tensors, path)
        relist(folder)
        if again:
            manifest = read_manifest(folder)
            assert manifest.artifact is not None
            finish(folder, manifest, manifest.artifact, [])

    return spoil


def numbers(name: str, value: float) -> Spoil:
    """Set a tensor's second number; described anew in the manifest, whatever it is."""

    def spoil(folder: Path) -> None:
        path = folder / "adapter.safetensors"
        tensors = {key: found.copy() for key, found in load_file(path).items()}
        tensors[name][1] = value
        save_file(tensors, path)
        relist(folder)
        dtype = {"float32": "F32", "float16": "F16"}[str(tensors[name].dtype)]
        start = json.dumps([name, dtype, tensors[name].shape]).encode() + b"\n"
        digest = hashlib.sha256(start + tensors[name].tobytes()).hexdigest()
        edit(folder, lambda m: m["artifact"]["tensors"][path.name].update({name: digest}))

    return spoil


def manifest(change: Callable[[dict[str, Any]], object]) -> Spoil:
    return lambda folder: edit(folder, change)


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch adapterxlt-was-here",)  # where tests run is a folder of theirs


PICKLED = pickle.dumps(Evil())


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("archive/data.pkl", PICKLED)
    return out.getvalue()


def refused(path: Path, tmp_path: Path) -> None:
    """The artifact at `path` is refused, and the store stays as it was."""
    store = Store(tmp_path / "store")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InvalidArtifactError):
        take_in(open_source(path), store, load=False)
    assert [p for p in sorted(tmp_path.rglob("*")) if p not in before and p.is_file()] == []
    assert store.entries() == []
