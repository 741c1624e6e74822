"""Folders that lie: each is refused, and nothing of it is left behind."""

from __future__ import annotations

import os
import pickle
import shutil
import socket
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.sharing.source import FolderSource
from adapterxlt.sharing.transport import take_in
from adapterxlt.store.files import address_of, sha256_file
from adapterxlt.store.manifest import MANIFEST_NAME, SIGNATURE_NAME
from adapterxlt.store.store import Store
from tests.sharing.make import small_artifact
from tests.sharing.spoil import (
    PICKLED,
    Evil,
    Spoil,
    edit,
    header,
    manifest,
    numbers,
    put,
    refused,
    weights,
    zipped,
)

LFS_POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 4096\n"


def link(folder: Path) -> None:
    """To a file that is what the manifest says."""
    (folder / "model.json").rename(folder.parent / "elsewhere.json")
    (folder / "model.json").symlink_to(folder.parent / "elsewhere.json")


def fifo(folder: Path) -> None:
    os.mkfifo(folder / "pipe.json")


def folder_link(folder: Path) -> None:
    (folder / "more").symlink_to("/etc")


def only_manifest(folder: Path) -> None:
    content = (folder / MANIFEST_NAME).read_bytes()
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / MANIFEST_NAME).write_bytes(content)


def socket_in(folder: Path) -> None:
    with chdir(folder), socket.socket(socket.AF_UNIX) as server:
        server.bind("s.json")  # a socket's path must be short


def unlisted(name: str, content: bytes) -> Spoil:
    return lambda folder: (folder / name).write_bytes(content) and None


def said_twice(folder: Path) -> None:
    path = folder / MANIFEST_NAME
    path.write_text(path.read_text().replace('"kind"', '"kind": "evaluate", "kind"', 1))


def inner(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / "more" / MANIFEST_NAME).write_text("{}")
    record = {"size": 2, "sha256": sha256_file(folder / "more" / MANIFEST_NAME)}
    edit(folder, lambda m: m["files"].update({f"more/{MANIFEST_NAME}": record}))


def measurement(document: dict[str, Any]) -> None:
    """What a recipe would take for its own evaluation, were it in its store."""
    document["kind"] = document["parts"]["kind"] = "evaluate"
    document["fingerprint"] = address_of(document["parts"])


def raw_header(text: bytes, data: bytes = b"") -> Spoil:
    return put("adapter.safetensors", len(text).to_bytes(8, "little") + text + data)


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
    "a link in a circle": lambda folder: (
        (folder / "model.json").unlink() or (folder / "model.json").symlink_to("model.json")
    ),
    "a link to nothing": lambda folder: (
        (folder / "model.json").unlink() or (folder / "model.json").symlink_to("gone.json")
    ),
    "a folder as a file": lambda folder: (
        (folder / "model.json").unlink() or (folder / "model.json").mkdir()
    ),
    "a pointer of Git LFS as weights": lambda folder: (
        (folder / "adapter.safetensors").write_text(LFS_POINTER) and None
    ),
    "a manifest that never ends": lambda folder: (
        (folder / MANIFEST_NAME).unlink() or (folder / MANIFEST_NAME).symlink_to("/dev/zero")
    ),
    "a manifest of elsewhere": lambda folder: (
        (folder / MANIFEST_NAME).rename(folder.parent / "m.json")
        and (folder / MANIFEST_NAME).symlink_to(folder.parent / "m.json")
    ),
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
    "NaN": numbers("a.weight", np.nan),
    "infinity": numbers("a.bias", np.inf),
    "infinity below zero": numbers("a.weight", -np.inf),
    "a header longer than the file": put("adapter.safetensors", b"\xff" * 7 + b"\0" + b"{}"),
    "a header of 4 GB": put("adapter.safetensors", (1 << 32).to_bytes(8, "little") + b"{}"),
    "a header that is no JSON": put("adapter.safetensors", b"\4" + b"\0" * 7 + b"{{{{"),
    "a nested header": put("adapter.safetensors", (90_000).to_bytes(8, "little") + b"[" * 90_000),
    "a huge shape": header(lambda h: h["a.weight"].update(shape=[1 << 40, 1 << 40])),
    "a negative shape": header(lambda h: h["a.weight"].update(shape=[-600])),
    "a type that is a list": header(lambda h: h["a.weight"].update(dtype=["F32"])),
    "a shape of booleans": header(lambda h: h["a.weight"].update(shape=[True, 600])),
    "overlapping tensors": header(lambda h: h["a.bias"].update(data_offsets=[0, 6])),
    "a tensor outside the file": header(lambda h: h["a.weight"].update(data_offsets=[6, 9999])),
    "an unknown type": header(lambda h: h["a.weight"].update(dtype="PICKLE")),
    "bytes after the tensors": header(lambda h: None, tail=PICKLED),
    "metadata that is no text": header(lambda h: h.update(__metadata__={"x": [1]})),
    "a tensor of an 8-bit type": header(lambda h: h["a.bias"].update(dtype="F8_E4M3")),
    "nine axes": header(lambda h: h["a.weight"].update(shape=[600] + [1] * 8)),
    "offsets that go back": header(lambda h: h["a.weight"].update(data_offsets=[2406, 6])),
    "a tensor without bytes, unlisted": header(
        lambda h: h.update(z={"dtype": "F32", "shape": [0], "data_offsets": [0, 0]})
    ),
    "no axis where there are bytes": header(lambda h: h["a.weight"].update(shape=[0])),
    "more about a tensor": header(lambda h: h["a.bias"].update(code="x")),
    "a tensor twice": raw_header(
        b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},'
        b'"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
        b"1",
    ),
    "a tensor called by half a surrogate pair": raw_header(
        b'{"\\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', b"1"
    ),
    "JSON that gives a name twice": put("model.json", b'{"schema": 1, "schema": 2}'),
    "JSON with NaN": put("metrics.json", b'{"scores": [], "loss": NaN}'),
    "JSON with a number beyond all": put("metrics.json", b'{"scores": [], "loss": 1e999}'),
    "JSON with a number of 5000 digits": put("model.json", b'{"n": ' + b"9" * 5000 + b"}"),
    "JSON with half a surrogate pair": put("model.json", b'{"name": "\\ud800"}'),
    "a card with C1 codes": put("README.md", "\x9b2J card".encode()),
    "a name of another alphabet": put("m\u043edel.json", b"{}"),
    "a name with an accent": put("caf\u00e9.json", b"{}"),
    "an artifact in an artifact": inner,
    "a file that is a folder too": manifest(
        lambda m: m["files"].update({"README.md/x.json": m["files"]["model.json"]})
    ),
    "a socket": socket_in,
    "a signature that is none": unlisted(SIGNATURE_NAME, b"-----BEGIN SSH SIGNATURE-----\n"),
    "a huge signature": unlisted(SIGNATURE_NAME, b"x" * (1 << 20)),
    "a manifest that gives a name twice": said_twice,
    "a title of two lines": manifest(lambda m: m.update(title="nli\nerror: all is well")),
    "a title that steers the terminal": manifest(lambda m: m.update(title="\x1b[2J")),
    "a title of a megabyte": manifest(lambda m: m.update(title="x" * (1 << 20))),
    "a size beyond all disks": manifest(lambda m: m["files"]["model.json"].update(size=1 << 60)),
    "a size of 4000 digits": manifest(lambda m: m["files"]["model.json"].update(size=10**4000)),
    "a size that is a text": manifest(lambda m: m["files"]["model.json"].update(size="17")),
    "a schema of 4000 digits": manifest(lambda m: m.update(schema_version=10**4000)),
    "files as a list": manifest(lambda m: m.update(files=[*m["files"]])),
    "parts as a list": manifest(lambda m: m.update(parts=[])),
    "labels as one text": manifest(lambda m: m["artifact"].update(labels={"mnli": "yes"})),
    "a backbone without a hash": manifest(lambda m: m["artifact"]["backbone"].update(hash="")),
    "a measurement": manifest(measurement),
    "another kind than its address is of": manifest(lambda m: m.update(kind="merge")),
    "text hashes out of order": put("texts/mnli-abab.u64", np.array([3, 1], dtype="<u8").tobytes()),
}


@pytest.mark.parametrize("kind", FOLDERS)
def test_hostile_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    folder = tmp_path / "made"
    small_artifact(folder)
    monkeypatch.chdir(tmp_path)
    FOLDERS[kind](folder)
    refused(folder, tmp_path)


def test_the_untouched_folder_is_taken(tmp_path: Path) -> None:
    taken = take_in(small_artifact(tmp_path / "made"), Store(tmp_path / "store"), load=False)
    assert taken.new
    assert taken.signature is None
    assert Store(tmp_path / "store").get(taken.manifest.fingerprint) == taken.manifest


def test_a_number_that_is_one_is_taken(tmp_path: Path) -> None:
    """So the kinds above are refused for the number alone."""
    folder = small_artifact(tmp_path / "made").where
    numbers("a.bias", 7.0)(folder)
    assert take_in(FolderSource(folder), Store(tmp_path / "store"), load=False).new


def test_a_whole_model_is_told_what_it_is_good_for(tmp_path: Path) -> None:
    for name in ("config.json", "model.safetensors", "sentencepiece.bpe.model"):
        (tmp_path / name).touch()
    with pytest.raises(InvalidArtifactError, match="there is no manifest") as caught:
        FolderSource(tmp_path)
    assert "a recipe can use as its `backbone:`" in str(caught.value.hint)


def test_there_are_enough_kinds() -> None:
    assert len(FOLDERS) >= 40
