"""Which URLs are known, and what of them is shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from adapterxlt.errors import AdapterXLTError, InvalidArtifactError, UsageError
from adapterxlt.sharing.remotes.address import masked
from adapterxlt.sharing.remotes.opening import open_files, open_writable
from adapterxlt.sharing.source import FolderSource
from tests.sharing.remotes.transfer import publish


def test_passwords_are_not_shown() -> None:
    assert masked("sftp://ann:secret@host/x") == "sftp://ann:***@host/x"
    assert masked("https://host/x?token=secret") == "https://host/x"
    assert masked("sftp://ann:se@cret@host/x") == "sftp://ann:***@host/x"
    assert masked("sftp://ann:se/cret@host/x") == "sftp://ann:***@host/x"
    assert masked("sftp://ann:se/cr@et@host/x") == "sftp://ann:***@host/x"
    assert masked("http://ann:se?cret@host/x?y") == "http://ann:***@host/x"
    for harmless in ("http://host:80/a@b", "hf://ann/nli@main", "sftp://ann@host:22/x@y"):
        assert masked(harmless) == harmless


def test_unknown_schemes_are_named(made: FolderSource) -> None:
    with pytest.raises(UsageError, match="gopher"):
        publish(made, "gopher://host/x")


def test_which_paths_are_meant(tmp_path: Path) -> None:
    (tmp_path / "a%20b").mkdir()
    (tmp_path / "a%20b/x.json").write_text("1")
    for url in (
        f"{tmp_path}/a%20b",
        f"file://{tmp_path}/a%2520b",
        f"file://localhost{tmp_path}/a%2520b",
    ):
        assert open_files(url).read("x.json", 10) == b"1"
    with pytest.raises(UsageError, match="on this machine"):
        open_files("file://elsewhere/x")


def test_a_folder_may_not_make_a_pull_wait_or_look_elsewhere(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "manifest.json")
    (tmp_path / "x.json").symlink_to("/etc/hostname")
    files = open_files(str(tmp_path))
    with pytest.raises(InvalidArtifactError, match="is a device or a pipe"):
        files.read("manifest.json", 10)
    with pytest.raises(InvalidArtifactError, match="is a link to a place outside the folder"):
        list(files.blocks("x.json", 0))


def test_a_folder_that_cannot_be_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    files = open_writable(str(tmp_path / "file" / "remote"))
    with pytest.raises(AdapterXLTError, match=r"^cannot write .*: Not a directory") as caught:
        files.put_bytes(b"x", "a/b")
    assert "a part of this path is a file" in (caught.value.hint or "")
