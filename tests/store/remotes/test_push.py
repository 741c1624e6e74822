"""A push that is cut shows nothing, and goes on where it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import MissingError
from adapterxlt.store.remotes.fetch import has
from adapterxlt.store.remotes.files import FsFiles, open_writable
from adapterxlt.store.source import FolderSource
from adapterxlt.store.verify import verify
from tests.store.remotes.transfer import content, fetch_all, publish


def test_a_cut_push_shows_nothing_and_goes_on(
    made: FolderSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, address = str(tmp_path / "remote"), verify(made).fingerprint
    put, calls = FsFiles.put, []

    def cut(self: FsFiles, local: Path, name: str) -> None:
        calls.append(name)
        if len(calls) == 4:
            raise ConnectionError("gone")
        put(self, local, name)

    monkeypatch.setattr(FsFiles, "put", cut)
    with pytest.raises(ConnectionError):
        publish(made, url)
    assert not has(url, address)
    with pytest.raises(MissingError):
        fetch_all(url, tmp_path / "staging")
    again = publish(made, url)
    assert again.files == len(made.sizes) - 2  # the marker and two files were there
    assert open_writable(url).read(f".incoming/{address}.json", 10) is None
    assert fetch_all(url, tmp_path / "staging") == content(made)
