"""Bundles and folders that lie: each is refused, and nothing of it is left behind."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from adapterxlt.artifacts.make import finish
from adapterxlt.artifacts.transport import pack, take_in
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.store.files import sha256_file
from adapterxlt.store.manifest import MANIFEST_NAME, FileRecord, parse_manifest, read_manifest
from adapterxlt.store.source import FolderSource, open_source
from adapterxlt.store.store import Store
from adapterxlt.store.verify import verify
from tests.artifacts.make import small_artifact

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


def manifest(change: Callable[[dict[str, Any]], object]) -> Spoil:
    return lambda folder: edit(folder, change)


def link(folder: Path) -> None:
    (folder / "model.json").unlink()
    (folder / "model.json").symlink_to("/etc/passwd")


def fifo(folder: Path) -> None:
    os.mkfifo(folder / "pipe.json")


def folder_link(folder: Path) -> None:
    (folder / "more").symlink_to("/etc")


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch /tmp/adapterxlt-was-here",)


PICKLED = pickle.dumps(Evil())


def zipped() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("archive/data.pkl", PICKLED)
    return out.getvalue()


def only_manifest(folder: Path) -> None:
    content = (folder / MANIFEST_NAME).read_bytes()
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / MANIFEST_NAME).write_bytes(content)


def name_of(document: dict[str, Any], old: str, new: str) -> None:
    document["files"][new] = document["files"].pop(old)


FOLDERS: dict[str, Spoil] = {
    "a pickle as weights": put("adapter.safetensors", PICKLED),
    "a pickle of protocol 2 as weights": put("adapter.safetensors", pickle.dumps(Evil(), 2)),
    "a pickle as JSON": put("model.json", PICKLED),
    "a pickle as a card": put("README.md", PICKLED),
    "a pickle as text hashes": put("texts/mnli-abab.u64", PICKLED + b"\0" * (-len(PICKLED) % 8)),
    "PyTorch's zip as weights": put("adapter.safetensors", zipped()),
    "a .bin file": put("adapter.bin", b"x"),
    "a .pt file": put("adapter.pt", PICKLED),
    "a .ckpt file": put("adapter.ckpt", PICKLED),
    "a .py file": put("run.py", b"import os"),
    "a .gz file": put("model.json.gz", b"\x1f\x8b00"),
    "a file without a suffix": put("LICENSE", b"x"),
    "a hidden file": put(".hidden.json", b"{}"),
    "a compressed card": put("README.md", b"\x1f\x8b" + b"0" * 50),
    "a program as a card": put("README.md", b"#!/bin/sh\nrm -rf ~\n"),
    "escape codes in a card": put("README.md", b"\x1b]0;title\x07 card"),
    "bytes that are no text": put("README.md", b"\xff\xfe\xff"),
    "JSON nested without end": put("model.json", b"[" * 100_000),
    "a device name of Windows": put("con.json", b"{}"),
    "names that differ in case": put("MODEL.json", b"{}"),
    "a name with a space": put("a b.json", b"{}"),
    "a name that steers the terminal": put("a\x1b[2J.json", b"{}"),
    "a link to a file": link,
    "a link to a folder": folder_link,
    "a pipe": fifo,
    "too many files": lambda folder: (
        [(folder / f"f{i}.json").write_text("{}") for i in range(1100)] and None
    ),
    "folders too deep": put("a/b/c/d/e/f.json", b"{}"),
    "a file that is not listed": lambda folder: (folder / "x.json").write_text("{}") and None,
    "a missing file": lambda folder: (folder / "model.json").unlink(),
    "nothing but a manifest": only_manifest,
    "a changed file": lambda folder: (folder / "model.json").write_text('{"schema": 2}') and None,
    "a longer file": lambda folder: (folder / "README.md").open("a").write("more") and None,
    "an absolute path": manifest(lambda m: name_of(m, "model.json", "/etc/model.json")),
    "a path that goes up": manifest(lambda m: name_of(m, "model.json", "../model.json")),
    "a path of Windows": manifest(lambda m: name_of(m, "model.json", "C:\\model.json")),
    "a wrong hash": manifest(lambda m: m["files"]["model.json"].update(sha256="0" * 64)),
    "a hash that is none": manifest(lambda m: m["files"]["model.json"].update(sha256="../..")),
    "a negative size": manifest(lambda m: m["files"]["model.json"].update(size=-1)),
    "an unknown schema": manifest(lambda m: m.update(schema_version=99)),
    "a title that was changed": lambda folder: (
        (folder / MANIFEST_NAME).write_text(
            (folder / MANIFEST_NAME).read_text().replace('"nli"', '"nlo"')
        )
        and None
    ),
    "the address of another stage": manifest(lambda m: m.update(fingerprint="0" * 64)),
    "an unknown key": manifest(lambda m: m.update(run="rm")),
    "a fingerprint that is a path": manifest(lambda m: m.update(fingerprint="../../x")),
    "no artifact section": manifest(lambda m: m.pop("artifact")),
    "no tensor hashes": manifest(lambda m: m["artifact"].update(tensors={})),
    "a tensor hash too many": manifest(
        lambda m: m["artifact"]["tensors"]["adapter.safetensors"].update(x="0" * 64)
    ),
    "a manifest that is no JSON": lambda folder: (folder / MANIFEST_NAME).write_text("{") and None,
    "a manifest that is a list": lambda folder: (folder / MANIFEST_NAME).write_text("[]") and None,
    "a manifest nested without end": lambda folder: (
        (folder / MANIFEST_NAME).write_text('{"parts":' * 50_000) and None
    ),
    "a huge manifest": lambda folder: (
        (folder / MANIFEST_NAME).write_text(" " * (17 << 20) + "{}") and None
    ),
    "a missing tensor": weights(lambda t: t.pop("a.bias")),
    "an extra tensor": weights(lambda t: t.update(b=np.ones(1, np.float32))),
    "a changed tensor": weights(lambda t: t["a.bias"].fill(2)),
    "NaN": weights(lambda t: t["a.weight"].__setitem__(5, np.nan)),
    "infinity": weights(lambda t: t["a.bias"].__setitem__(1, np.inf)),
    "a header longer than the file": put("adapter.safetensors", b"\xff" * 7 + b"\0" + b"{}"),
    "a header of 4 GB": put("adapter.safetensors", (1 << 32).to_bytes(8, "little") + b"{}"),
    "a header that is no JSON": put("adapter.safetensors", b"\4" + b"\0" * 7 + b"{{{{"),
    "a nested header": put("adapter.safetensors", (90_000).to_bytes(8, "little") + b"[" * 90_000),
    "a huge shape": header(lambda h: h["a.weight"].update(shape=[1 << 40, 1 << 40])),
    "a negative shape": header(lambda h: h["a.weight"].update(shape=[-600])),
    "a shape of booleans": header(lambda h: h["a.weight"].update(shape=[True, 600])),
    "overlapping tensors": header(lambda h: h["a.bias"].update(data_offsets=[0, 6])),
    "a tensor outside the file": header(lambda h: h["a.weight"].update(data_offsets=[6, 9999])),
    "an unknown type": header(lambda h: h["a.weight"].update(dtype="PICKLE")),
    "bytes after the tensors": header(lambda h: None, tail=PICKLED),
    "metadata that is no text": header(lambda h: h.update(__metadata__={"x": [1]})),
    "text hashes out of order": put("texts/mnli-abab.u64", np.array([3, 1], dtype="<u8").tobytes()),
}


def refused(path: Path, tmp_path: Path) -> None:
    """The artifact at `path` is refused, and the store stays as it was."""
    store = Store(tmp_path / "store")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InvalidArtifactError):
        take_in(open_source(path), store, load=False)
    assert [p for p in sorted(tmp_path.rglob("*")) if p not in before and p.is_file()] == []
    assert store.entries() == []


@pytest.mark.parametrize("kind", FOLDERS)
def test_hostile_folders(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "made"
    small_artifact(folder)
    FOLDERS[kind](folder)
    refused(folder, tmp_path)


def test_the_untouched_folder_is_taken(tmp_path: Path) -> None:
    taken = take_in(small_artifact(tmp_path / "made"), Store(tmp_path / "store"), load=False)
    assert taken.new
    assert taken.signature is None
    assert Store(tmp_path / "store").get(taken.manifest.fingerprint) == taken.manifest


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    root = tmp_path_factory.mktemp("bundle")
    pack(small_artifact(root / "made"), root / "nli.axlt")
    return (root / "nli.axlt").read_bytes()


def with_member(bundle: bytes, **fields: Any) -> bytes:
    """The bundle with one more member in front of its end."""
    info = tarfile.TarInfo(fields.pop("name", "x.json"))
    content = fields.pop("content", b"")
    info.size = len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    block = info.tobuf(tarfile.GNU_FORMAT) + content + b"\0" * (-len(content) % 512)
    return bundle[:-1024] + block + bundle[-1024:]


def patched(bundle: bytes, at: int, content: bytes) -> bytes:
    return bundle[:at] + content + bundle[at + len(content) :]


def pax(bundle: bytes) -> bytes:
    info = tarfile.TarInfo("x.json")
    info.pax_headers = {"path": "../../evil.json", "size": "999999999999"}
    return bundle[:-1024] + info.tobuf(tarfile.PAX_FORMAT) + bundle[-1024:]


def compressed(bundle: bytes) -> bytes:
    import gzip

    return gzip.compress(bundle + b"\0" * (50 << 20))


BUNDLES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda b: b"",
    "zeros": lambda b: b"\0" * 4096,
    "a pickle": lambda b: PICKLED,
    "a zip": lambda b: zipped(),
    "a gzip bomb": compressed,
    "a symbolic link": lambda b: with_member(b, type=tarfile.SYMTYPE, linkname="/etc/passwd"),
    "a hard link": lambda b: with_member(b, type=tarfile.LNKTYPE, linkname="model.json"),
    "a device": lambda b: with_member(b, type=tarfile.CHRTYPE, devmajor=1, devminor=5),
    "a block device": lambda b: with_member(b, type=tarfile.BLKTYPE),
    "a pipe": lambda b: with_member(b, type=tarfile.FIFOTYPE),
    "a folder": lambda b: with_member(b, type=tarfile.DIRTYPE, name="more"),
    "a sparse file": lambda b: with_member(b, type=tarfile.GNUTYPE_SPARSE),
    "a long name": lambda b: with_member(b, type=tarfile.GNUTYPE_LONGNAME, content=b"../x\0"),
    "an extended header": pax,
    "an absolute path": lambda b: with_member(b, name="/etc/x.json"),
    "a path that goes up": lambda b: with_member(b, name="../x.json"),
    "a member twice": lambda b: with_member(b, name="model.json"),
    "a set-uid file": lambda b: with_member(b, mode=0o4755),
    "another owner": lambda b: with_member(b, uname="root"),
    "another time": lambda b: with_member(b, mtime=1),
    "an unlisted member": lambda b: with_member(b, content=b"{}"),
    "a wrong checksum": lambda b: patched(b, 148, b"0000000"),
    "a huge size": lambda b: patched(b, 124, b"77777777777"),
    "a binary size": lambda b: patched(b, 124, b"\x80" + b"\xff" * 11),
    "bytes after the end": lambda b: b + b"x" * 512,
    "zeros after the end": lambda b: b + b"\0" * 5120,
    "no end": lambda b: b[:-1024],
    "half of it": lambda b: b[: len(b) // 1024 * 512],
    "not the manifest first": lambda b: b[1024:],
}


@pytest.mark.parametrize("kind", BUNDLES)
def test_hostile_bundles(tmp_path: Path, bundle: bytes, kind: str) -> None:
    file = tmp_path / "bad.axlt"
    file.write_bytes(BUNDLES[kind](bundle))
    refused(file, tmp_path)


def test_there_are_enough_kinds() -> None:
    assert len(FOLDERS) + len(BUNDLES) >= 40


@settings(max_examples=150)
@given(data=st.data())
def test_every_mutation_of_a_bundle_is_refused(
    tmp_path_factory: pytest.TempPathFactory, bundle: bytes, data: st.DataObject
) -> None:
    """Bit flips, cuts, insertions and repetitions; every byte of a bundle counts."""
    at = data.draw(st.integers(0, len(bundle) - 1))
    kind = data.draw(st.sampled_from(["flip", "cut", "insert", "repeat", "swap"]))
    if kind == "flip":
        bad = patched(bundle, at, bytes([bundle[at] ^ (1 << data.draw(st.integers(0, 7)))]))
    elif kind == "cut":
        bad = bundle[:at]
    elif kind == "insert":
        bad = bundle[:at] + data.draw(st.binary(min_size=1, max_size=600)) + bundle[at:]
    elif kind == "repeat":
        block = at // 512 * 512
        bad = bundle[:block] + bundle[block : block + 512] + bundle[block:]
    else:
        blocks = [bundle[i : i + 512] for i in range(0, len(bundle), 512)]
        random.Random(at).shuffle(blocks)
        bad = b"".join(blocks)
    root = tmp_path_factory.mktemp("mutated")
    (root / "bad.axlt").write_bytes(bad)
    if bad != bundle:
        refused(root / "bad.axlt", root)
    shutil.rmtree(root)


def test_the_same_artifact_is_the_same_bytes(tmp_path: Path, bundle: bytes) -> None:
    pack(small_artifact(tmp_path / "again"), tmp_path / "again.axlt")
    assert (tmp_path / "again.axlt").read_bytes() == bundle
    source = open_source(tmp_path / "again.axlt")
    assert verify(source) == verify(FolderSource(tmp_path / "again"))
    with tarfile.open(tmp_path / "again.axlt") as file:
        assert file.getnames()[0] == MANIFEST_NAME


def test_tensor_hashes_do_not_depend_on_the_layout(tmp_path: Path) -> None:
    from adapterxlt.store.tensor_files import tensor_hashes

    one, two = {"a": np.ones(3, np.float32), "b": np.zeros(2, np.float32)}, {}
    two = dict(reversed(one.items()))
    found = []
    for name, tensors, metadata in (("1", one, None), ("2", two, {"format": "pt"})):
        save_file(tensors, tmp_path / name, metadata=metadata)
        with (tmp_path / name).open("rb") as stream:
            found.append(tensor_hashes(stream, (tmp_path / name).stat().st_size, name))
    assert found[0] == found[1]
    assert (tmp_path / "1").read_bytes() != (tmp_path / "2").read_bytes()


IMPORT = """
import sys
from pathlib import Path
from adapterxlt.artifacts.transport import take_in
from adapterxlt.store.source import open_source
from adapterxlt.store.store import Store
store = Store(Path(sys.argv[1]))
print(sum(take_in(open_source(Path(path)), store, load=False).new for path in sys.argv[2:]))
"""


def test_several_processes_import_into_one_store(tmp_path: Path) -> None:
    made = [str(small_artifact(tmp_path / f"made{i}", seed=i).where) for i in range(6)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", IMPORT, str(tmp_path / "store"), *order],
            stdout=subprocess.PIPE,
            text=True,
        )
        for order in (made, made[::-1], made[3:] + made[:3], made[1:] + made[:1])
    ]
    assert sum(int(process.communicate(timeout=120)[0]) for process in processes) == len(made)
    store = Store(tmp_path / "store")
    assert [store.get(entry.fingerprint) for entry in store.entries()] == store.entries()
    assert len(store.entries()) == len(made)
    assert not list((tmp_path / "store/.staging").iterdir())
