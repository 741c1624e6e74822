from __future__ import annotations

import errno
import os

import numpy as np
import pytest

from adapterxlt.search.kept import Kept


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
