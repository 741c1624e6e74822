"""Checkpoints in a remote store."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.progress import Silent
from adapterxlt.sharing import checkpoints
from adapterxlt.sharing.checkpoints import RemoteCheckpoints, sent_there
from adapterxlt.store.checkpoints import STATE_FILE, TENSORS_FILE, write_checkpoint
from tests.sharing.remotes.servers import serve_s3, serve_sftp

STAGE = "ab" * 32


def write(root: Path, step: int) -> Path:
    def fill(folder: Path) -> None:
        (folder / TENSORS_FILE).write_bytes(b"tensors %d" % step)
        (folder / "trainer_state.json").write_text(str(step))

    return write_checkpoint(root, step, fill, {"losses": [0.5] * step})


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def there(tmp_path: Path) -> RemoteCheckpoints:
    return RemoteCheckpoints(str(tmp_path / "remote"), STAGE)


@pytest.fixture
def folders(tmp_path: Path) -> Callable[[], list[str]]:
    """The checkpoints in the remote store."""
    found = tmp_path / "remote/checkpoints" / STAGE
    return lambda: sorted(path.name[:13] for path in found.glob("step-*"))


@pytest.mark.parametrize("serve", [serve_s3, serve_sftp])
def test_servers(
    serve: Callable[[Path, pytest.MonkeyPatch], AbstractContextManager[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    with serve(tmp_path, monkeypatch) as url:
        there = RemoteCheckpoints(url, STAGE)
        assert not there.fetch(other)
        for step in (2, 4):
            there.send(write(one, step), tmp_path / "aside")
        assert there.fetch(other)
        assert contents(other / "step-00000004") == contents(one / "step-00000004")
        there.clear()
        assert not there.fetch(tmp_path / "third")


def test_the_newest_is_taken(
    there: RemoteCheckpoints, tmp_path: Path, folders: Callable[[], list[str]]
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    assert not there.fetch(other)
    for step in (2, 4):
        there.send(write(one, step), tmp_path / "aside")
        assert folders() == [f"step-{step:08d}"]
    assert there.fetch(other)
    assert [path.name for path in other.iterdir()] == ["step-00000004"]
    assert contents(other / "step-00000004") == contents(one / "step-00000004")
    assert not there.fetch(other), "it is there already"
    write(other, 6)
    assert not there.fetch(other), "what is here is newer"
    assert not (tmp_path / "aside").exists()
    there.clear()
    assert folders() == []
    there.clear()


def test_a_slower_node_leaves_the_newer_one(
    there: RemoteCheckpoints, tmp_path: Path, folders: Callable[[], list[str]]
) -> None:
    there.send(write(tmp_path / "fast", 8), tmp_path / "aside")
    there.send(write(tmp_path / "slow", 2), tmp_path / "aside")
    assert folders() == ["step-00000002", "step-00000008"]
    assert there.fetch(tmp_path / "third")
    assert [path.name for path in (tmp_path / "third").iterdir()] == ["step-00000008"]


def test_a_disk_without_links(
    there: RemoteCheckpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*names: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(checkpoints.os, "link", refuse)
    there.send(write(tmp_path / "one", 2), tmp_path / "aside")
    assert there.fetch(tmp_path / "other")


def test_what_never_arrived_whole_is_passed_over(there: RemoteCheckpoints, tmp_path: Path) -> None:
    there.send(write(tmp_path / "one", 2), tmp_path / "aside")
    cut = tmp_path / "remote/checkpoints" / STAGE / f"step-00000004-{'0' * 32}"
    cut.mkdir()
    (cut / TENSORS_FILE).write_bytes(b"half")
    assert there.fetch(tmp_path / "other")
    assert [path.name for path in (tmp_path / "other").iterdir()] == ["step-00000002"]


def test_two_nodes_that_train_the_same_do_not_remove_what_the_other_sends(
    there: RemoteCheckpoints, tmp_path: Path, folders: Callable[[], list[str]]
) -> None:
    on_its_way = tmp_path / "remote/checkpoints" / STAGE / f"step-00000004-{'0' * 32}"
    on_its_way.mkdir(parents=True)
    (on_its_way / TENSORS_FILE).write_bytes(b"tensors 4")
    there.send(write(tmp_path / "one", 4), tmp_path / "aside")
    assert folders() == ["step-00000004"] * 2
    there.send(write(tmp_path / "one", 6), tmp_path / "aside")
    assert folders() == ["step-00000006"]


def test_one_that_another_node_has_just_removed_is_passed_over(
    there: RemoteCheckpoints, tmp_path: Path
) -> None:
    folder = write(tmp_path / "one", 2)
    there.send(folder, tmp_path / "aside")
    torn = tmp_path / "remote/checkpoints" / STAGE / f"step-00000004-{'0' * 32}"
    torn.mkdir()
    (torn / STATE_FILE).write_bytes((folder / STATE_FILE).read_bytes())
    assert there.fetch(tmp_path / "other")
    assert contents(tmp_path / "other/step-00000002") == contents(folder)


def test_one_that_is_being_removed_is_not_sent(
    there: RemoteCheckpoints, tmp_path: Path, folders: Callable[[], list[str]]
) -> None:
    folder = write(tmp_path / "one", 2)
    (folder / TENSORS_FILE).unlink()
    with pytest.raises(FileNotFoundError):
        there.send(folder, tmp_path / "aside")
    assert folders() == []


@pytest.mark.parametrize(
    "state",
    [
        "{}",
        "[1]",
        '{"sizes": {"tensors.safetensors": -1}}',
        '{"sizes": {"tensors.safetensors": 9, "../../out.json": 2}}',
        '{"sizes": {"tensors.safetensors": 9, "code.py": 2}}',
        '{"sizes": {"tensors.safetensors": 9, "state.json": 2}}',
        '{"sizes": {"tensors.safetensors": 99999999999999}}',
        "[" * 100_000,
    ],
)
def test_a_strange_state_is_refused(there: RemoteCheckpoints, tmp_path: Path, state: str) -> None:
    there.send(write(tmp_path / "one", 2), tmp_path / "aside")
    (folder,) = (tmp_path / "remote/checkpoints" / STAGE).glob("step-*")
    (folder / STATE_FILE).write_text(state)
    with pytest.raises(InvalidArtifactError, match="is not the state of a checkpoint"):
        there.fetch(tmp_path / "other")
    assert not list((tmp_path / "other").glob("*"))


@pytest.mark.parametrize("content", [b"longer than it was", b"short"])
def test_a_file_of_another_size_is_refused(
    there: RemoteCheckpoints, tmp_path: Path, content: bytes
) -> None:
    there.send(write(tmp_path / "one", 2), tmp_path / "aside")
    (folder,) = (tmp_path / "remote/checkpoints" / STAGE).glob("step-*")
    (folder / TENSORS_FILE).write_bytes(content)
    with pytest.raises(InvalidArtifactError, match="does not have 9 bytes"):
        there.fetch(tmp_path / "other")
    assert not list((tmp_path / "other").glob("*"))


class Said(Silent):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def log(self, message: str) -> None:
        self.lines.append(message)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 600
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoints, "EVERY", 0.01)


@pytest.mark.usefixtures("often")
def test_new_ones_are_sent_while_it_trains(
    there: RemoteCheckpoints, tmp_path: Path, folders: Callable[[], list[str]]
) -> None:
    root, said = tmp_path / "one", Said()
    write(root, 2)  # by the process before this one
    with sent_there(there, root, tmp_path / "aside", said):
        for step in (4, 6):
            write(root, step)
            until(lambda step=step: folders() == [f"step-{step:08d}"])
    assert said.lines == []
    write(root, 8)
    assert folders() == ["step-00000006"]


@pytest.mark.usefixtures("often")
def test_one_that_is_written_before_its_thread_begins_is_sent_too(
    there: RemoteCheckpoints,
    tmp_path: Path,
    folders: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written, send_all = threading.Event(), checkpoints._send_all

    def late(*args: Any) -> None:
        assert written.wait(600)
        send_all(*args)

    monkeypatch.setattr(checkpoints, "_send_all", late)
    with sent_there(there, tmp_path / "one", tmp_path / "aside", Said()):
        write(tmp_path / "one", 2)
        written.set()
        until(lambda: folders() == ["step-00000002"])


@pytest.mark.usefixtures("often")
def test_a_training_that_is_over_does_not_wait_for_a_server_that_hangs(
    there: RemoteCheckpoints, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, answers, said = threading.Event(), threading.Event(), Said()

    def hang(folder: Path, aside: Path) -> None:
        begun.set()
        answers.wait(600)

    monkeypatch.setattr(there, "send", hang)
    monkeypatch.setattr(checkpoints, "PATIENCE", 0.01)
    with sent_there(there, tmp_path / "one", tmp_path / "aside", said):
        write(tmp_path / "one", 2)
        assert begun.wait(600)
    answers.set()
    (line,) = said.lines
    assert line.startswith(f"warning: {tmp_path / 'remote'}: the last checkpoint was not sent")


@pytest.mark.usefixtures("often")
def test_a_failure_is_told_once(there: RemoteCheckpoints, tmp_path: Path) -> None:
    root, said = tmp_path / "one", Said()
    (tmp_path / "remote").write_text("a file where the folder should be")
    with sent_there(there, root, tmp_path / "aside", said):
        for step in (2, 4):
            write(root, step)
            until(lambda: bool(said.lines))
            time.sleep(0.1)
    (line,) = said.lines
    assert line.startswith(f"warning: checkpoints are not sent to {tmp_path / 'remote'}: ")
    assert json.loads((root / "step-00000004" / STATE_FILE).read_text())["step"] == 4
