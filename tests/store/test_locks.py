"""Waiting for locks, on disks with flock and without."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest
from filelock import BaseFileLock, FileLock, Timeout

from adapterxlt.store import locks
from adapterxlt.store.locks import acquire, has_flock


@pytest.fixture
def no_flock(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on Lustre without the mount option, or a folder that FUSE shares."""

    def refuse(*arguments: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", refuse)


def waited(lock: BaseFileLock, monkeypatch: pytest.MonkeyPatch, told: int) -> list[str]:
    """What is said until it was told so often."""
    monkeypatch.setattr(locks, "FIRST", 0.01)
    monkeypatch.setattr(locks, "AGAIN", 0.02)
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        if len(lines) == told:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        acquire(lock, say)
    return lines


def test_a_free_lock_is_got_and_nothing_is_said(tmp_path: Path) -> None:
    lock, lines = FileLock(tmp_path / "x.lock"), []
    acquire(lock, lines.append)
    assert lock.is_locked
    assert lines == []
    lock.release()


def test_a_wait_for_a_flock_names_the_file_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.lock"
    with FileLock(path):
        lines = waited(FileLock(path), monkeypatch, told=3)
    assert lines == [f"still waiting for {path}, which another process has locked"] * 3


@pytest.mark.usefixtures("no_flock")
@pytest.mark.filterwarnings("ignore:flock not supported")
def test_a_wait_without_flock_names_the_holder_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.lock"
    path.write_text("4711\nnode17\n")  # as filelock writes it
    lock = FileLock(path)
    try:
        lines = waited(lock, monkeypatch, told=1)
    except NotImplementedError:  # of a filelock that knows no other locks, so nobody waits
        return
    assert lines == [
        f"still waiting for {path}, which process 4711 on node17 has locked; remove this file if "
        "that process is gone"
    ]
    path.unlink()
    acquire(lock, lines.append)
    with pytest.raises(Timeout):
        FileLock(path).acquire(timeout=0)
    lock.release()


@pytest.mark.parametrize("content", ["", "4711", "4711\n\n", "x\nnode17\n"])
def test_a_file_that_does_not_tell_its_holder(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.lock").write_text(content)
    assert locks._told(tmp_path / "x.lock").endswith("which another process has locked")


def test_this_disk_has_flock(tmp_path: Path) -> None:
    assert has_flock(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_flock")
def test_another_one_has_not(tmp_path: Path) -> None:
    assert not has_flock(tmp_path)
