"""Folders that lie: each is refused, and nothing of it is left behind."""

from __future__ import annotations

import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adapterxlt.artifacts.transport import take_in
from adapterxlt.store.manifest import MANIFEST_NAME
from adapterxlt.store.store import Store
from tests.artifacts.make import small_artifact
from tests.artifacts.spoil import (
    PICKLED,
    Evil,
    Spoil,
    header,
    manifest,
    put,
    refused,
    weights,
    zipped,
)


def link(folder: Path) -> None:
    (folder / "model.json").unlink()
    (folder / "model.json").symlink_to("/etc/passwd")


def fifo(folder: Path) -> None:
    os.mkfifo(folder / "pipe.json")


def folder_link(folder: Path) -> None:
    (folder / "more").symlink_to("/etc")


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


def test_there_are_enough_kinds() -> None:
    assert len(FOLDERS) >= 40
