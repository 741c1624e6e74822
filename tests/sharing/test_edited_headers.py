"""Edits of the two JSON documents that all else is believed by: the header of the weights, and
the manifest. What is not refused must be what it was."""

from __future__ import annotations

import json
import shutil
import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.sharing.bundle import write_bundle
from adapterxlt.sharing.content import MAX_MEMORY
from adapterxlt.sharing.make import finish
from adapterxlt.sharing.source import open_source
from adapterxlt.sharing.transport import TakenIn, take_in
from adapterxlt.show import printable
from adapterxlt.store.files import address_of, sha256_file
from adapterxlt.store.manifest import MANIFEST_NAME, parse_manifest, read_manifest
from adapterxlt.store.store import Store
from tests.sharing.edited_json import edited
from tests.sharing.make import small_artifact
from tests.sharing.spoil import relist

WEIGHTS = "adapter.safetensors"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_artifact(tmp_path_factory.mktemp("sound") / "made").where


def outcome(folder: Path, packed: bool) -> TakenIn | None:
    """The artifact in a store beside it, or None: it was refused, and there is nothing of it."""
    path = folder
    if packed:
        path = folder.with_suffix(".axlt")
        names = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()]
        with path.open("wb") as out:
            write_bundle(folder, names, out)
    store = Store(folder.parent / "store")
    before = files_in(folder.parent)
    taken, refusal = None, None
    tracemalloc.start()
    try:
        taken = take_in(open_source(path), store, load=False)
    except InvalidArtifactError as error:
        refusal = error
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < MAX_MEMORY
    new = files_in(folder.parent)
    assert before.items() <= new.items()
    if refusal is not None:
        assert refusal.exit_code == 4
        assert len(str(refusal)) < 2000
        assert printable(refusal.message) == refusal.message  # one line, and it steers nothing
        assert new == before
        assert store.entries() == []
        return None
    added = {path: new[path] for path in new.keys() - before.keys()}
    assert all(path.is_relative_to(store.root) for path in added)
    assert sum(size for size, _ in added.values()) <= sum(size for size, _ in before.values())
    return taken


def files_in(folder: Path) -> dict[Path, tuple[int, int]]:
    """Size and time of every file below a folder; of locks there is nothing to read."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


def same(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> bool:  # type: ignore[type-arg]
    return ours.keys() == theirs.keys() and all(
        ours[name].dtype == theirs[name].dtype and np.array_equal(ours[name], theirs[name])
        for name in ours
    )


@settings(max_examples=200)
@given(data=st.data())
def test_edits_of_the_weights_header(
    sound: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Listed anew in the manifest, as an attacker would; the tensors' hashes at times as well."""
    folder = shutil.copytree(sound, tmp_path_factory.mktemp("edited") / "made")
    path = folder / WEIGHTS
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    text = edited(json.loads(content[8 : 8 + length]), data).encode()
    start = len(text) + data.draw(st.sampled_from([0, 0, 0, 0, 0, 0, -1, 1, 8]), label="length")
    path.write_bytes(max(start, 0).to_bytes(8, "little") + text + content[8 + length :])
    relist(folder)
    described = data.draw(st.booleans(), label="described anew")
    if described:
        manifest = read_manifest(folder)
        assert manifest.artifact is not None
        with suppress(InvalidArtifactError):
            finish(folder, manifest, manifest.artifact, [])
    taken = outcome(folder, data.draw(st.booleans(), label="packed"))
    event("taken" if taken else "refused")
    if taken is not None:
        found = load_file(taken.folder / WEIGHTS)  # no more tolerant than the library
        assert described or same(found, load_file(sound / WEIGHTS))
        assert taken.manifest.artifact is not None
        assert taken.manifest.artifact.tensors[WEIGHTS].keys() == found.keys()
    shutil.rmtree(folder.parent)


@settings(max_examples=200)
@given(data=st.data())
def test_edits_of_the_manifest(
    sound: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Sealed and addressed anew, as an attacker would, or not."""
    folder = shutil.copytree(sound, tmp_path_factory.mktemp("edited") / "made")
    path = folder / MANIFEST_NAME
    original = path.read_text()
    text = edited(json.loads(original), data)
    sealed = data.draw(st.booleans(), label="sealed anew")
    if sealed:
        with suppress(InvalidArtifactError):
            manifest = parse_manifest(text.encode(), "")
            if data.draw(st.booleans(), label="addressed anew"):
                address = address_of(manifest.parts)
                manifest = manifest.model_copy(update={"fingerprint": address})
            text = manifest.sealed().text()
    path.write_text(text)
    taken = outcome(folder, data.draw(st.booleans(), label="packed"))
    event("taken" if taken else "refused")
    if taken is not None:
        assert sealed or text == original
        assert (taken.folder / MANIFEST_NAME).read_text() == text
        assert taken.folder.name == taken.manifest.fingerprint == address_of(taken.manifest.parts)
        hashes = {
            p.relative_to(sound).as_posix(): sha256_file(p)
            for p in sound.rglob("*")
            if p.is_file() and p != sound / MANIFEST_NAME
        }
        listed = {name: record.sha256 for name, record in taken.manifest.files.items()}
        # What it is made of is always listed; the card, say, can be left out, and left behind.
        assert listed.items() <= hashes.items()
        assert listed.keys() >= {WEIGHTS, "model.json"}
        assert {name: sha256_file(taken.folder / name) for name in listed} == listed
        assert not any((taken.folder / name).exists() for name in hashes.keys() - listed.keys())
    shutil.rmtree(folder.parent)


@pytest.mark.parametrize("name", ["\x1f", "\x1b[2J", "a\nb", "a" * 5000])
def test_what_a_refusal_repeats_of_a_manifest_is_short_and_steers_nothing(
    sound: Path, tmp_path: Path, name: str
) -> None:
    folder = shutil.copytree(sound, tmp_path / "made")
    path = folder / MANIFEST_NAME
    document = json.loads(path.read_text())
    tensors = document["artifact"]["tensors"]
    tensors[name] = tensors.pop(WEIGHTS)
    path.write_text(parse_manifest(json.dumps(document).encode(), "").sealed().text())
    assert outcome(folder, packed=False) is None
