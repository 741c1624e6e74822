from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from adapterxlt.errors import AdapterXLTError
from adapterxlt.retrieval.kept import Kept, on_disk


def test_the_state_written_last_is_read_back(tmp_path):
    kept = Kept(tmp_path / "search")
    assert kept.load("exact") is None
    for number in (3, 7):
        kept.save("exact", number, np.full((2, 2), number), np.array([], dtype=np.uint8))
    number, arrays = Kept(tmp_path / "search").load("exact")
    assert number == 7
    assert arrays[0].tolist() == [[7, 7], [7, 7]]
    assert (arrays[1].size, arrays[1].dtype) == (0, np.uint8)


@pytest.mark.parametrize("cut", [0, 10, -10])
def test_a_damaged_state_is_none(tmp_path, cut):
    kept = Kept(tmp_path)
    kept.save("exact", 3, np.arange(100))
    path = tmp_path / "exact.npz"
    path.write_bytes(path.read_bytes()[:cut])
    assert kept.load("exact") is None


def test_a_writing_that_fails_leaves_the_state_before(tmp_path, monkeypatch):
    kept = Kept(tmp_path)
    kept.save("exact", 3, np.arange(100))

    def full(stream, *_):
        stream.write(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        kept.save("exact", 4, np.arange(100))
    assert kept.load("exact")[0] == 3
    assert [path.name for path in tmp_path.iterdir()] == ["exact.npz"]


def test_others_are_forgotten(tmp_path):
    kept = Kept(tmp_path)
    for name in ("exact", "found"):
        kept.save(name, 1)
    kept.drop_others("found")
    assert (kept.load("exact"), kept.load("found")) == (None, (1, []))


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "x"), "folder: No space left on device"),
        (OSError(errno.ENOSPC, "x", "folder/file"), "folder/file: No space left on device"),
        (OSError(errno.EFBIG, "x"), "folder: File too large"),
        (OSError("1024 requested and 512 written"), "folder: No space left on device"),
    ],
)
def test_a_full_disk_is_said_with_its_place(error, message):
    with pytest.raises(AdapterXLTError, match=message) as raised, on_disk(Path("folder")):
        raise error
    assert "run the same command again" in raised.value.hint
    with pytest.raises(FileNotFoundError), on_disk(Path("folder")):
        raise FileNotFoundError(errno.ENOENT, "no such file")
