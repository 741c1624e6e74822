"""Bundles that lie: each is refused, and nothing of it is left behind."""

from __future__ import annotations

import random
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapterxlt.sharing.transport import pack
from tests.sharing.make import small_artifact
from tests.sharing.spoil import PICKLED, refused, zipped


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


def with_header(bundle: bytes, **fields: Any) -> bytes:
    """The bundle with another header of one of its files, checksum included."""
    at = bundle.index(b"model.json\0")
    info = tarfile.TarInfo.frombuf(bundle[at : at + 512], "ascii", "strict")
    for key, value in fields.items():
        setattr(info, key, value)
    return patched(bundle, at, info.tobuf(tarfile.USTAR_FORMAT))


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
    "a set-uid file": lambda b: with_header(b, mode=0o4755),
    "another owner": lambda b: with_header(b, uname="root"),
    "another time": lambda b: with_header(b, mtime=1),
    "a file as old tars have it": lambda b: with_header(b, type=tarfile.AREGTYPE),
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
def test_hostile_bundles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bundle: bytes, kind: str
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "bad.axlt"
    file.write_bytes(BUNDLES[kind](bundle))
    refused(file, tmp_path)


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
