"""Publishing and fetching against real servers on the loopback interface."""

from __future__ import annotations

import functools
import hashlib
import http.server
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapterxlt.errors import AdapterXLTError, InvalidArtifactError, MissingError, UsageError
from adapterxlt.sharing.remotes import sftp as sftp_files
from adapterxlt.sharing.remotes.fetch import has
from adapterxlt.sharing.remotes.opening import FsFiles, open_writable
from adapterxlt.sharing.source import FolderSource
from adapterxlt.sharing.verify import verify
from tests.sharing.make import small_artifact
from tests.sharing.remotes.servers import sent, serve_nginx, serve_s3, serve_sftp
from tests.sharing.remotes.transfer import content, fetch_all, publish

Spy = list[tuple[str, int]]


@pytest.fixture
def spy(monkeypatch: pytest.MonkeyPatch) -> Spy:
    """Names and bytes of what is read from a remote in blocks."""
    blocks, received = FsFiles.blocks, []

    def counted(self: FsFiles, name: str, offset: int) -> Iterator[bytes]:
        for block in blocks(self, name, offset):
            received.append((name.rpartition("/")[2], len(block)))
            yield block

    monkeypatch.setattr(FsFiles, "blocks", counted)
    return received


def round_trip(made: FolderSource, url: str, tmp_path: Path, spy: Spy) -> None:
    """What every writable remote must do."""
    address = verify(made).fingerprint
    assert not has(url, address)
    with pytest.raises(MissingError):
        fetch_all(url, tmp_path / "staging")
    cut_and_resumed(made, url)
    assert has(url, address)
    place = f"{url}/{address}"
    for where in (place, url):
        assert fetch_all(where, tmp_path / "staging") == content(made)
    spy.clear()
    leave_part(made, tmp_path / "staging")
    assert fetch_all(place, tmp_path / "staging") == content(made)
    weights = made.sizes["adapter.safetensors"]
    assert sum(size for name, size in spy if name == "adapter.safetensors") == weights - 100
    other = small_artifact(tmp_path / "other", license="mit")
    with pytest.raises(UsageError, match="another artifact"):
        publish(other, url)
    assert publish(other, url, replace=True).files == len(other.sizes)
    assert fetch_all(place, tmp_path / "staging") == content(other)
    assert not list((tmp_path / "staging/.staging").iterdir())


def cut_and_resumed(made: FolderSource, url: str) -> None:
    """Publish in two tries, the first of which breaks off at its fourth file."""
    put, calls = FsFiles.put, []

    def cut(self: FsFiles, local: Path, name: str) -> None:
        calls.append(name)
        if len(calls) == 4:
            raise ConnectionError("gone")
        put(self, local, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FsFiles, "put", cut)
        with pytest.raises(ConnectionError):
            publish(made, url)
        assert not has(url, verify(made).fingerprint)
        first = publish(made, url)
        assert first.files == len(made.sizes) - 2  # the mark and two files were there
        assert first.bytes == sum(
            made.sizes[name.rpartition("/")[2] if "texts/" not in name else "texts/mnli-abab.u64"]
            for name in calls[4:]
        )
        before = len(calls)
        again = publish(made, url)
        assert (again.files, again.bytes, len(calls)) == (0, 0, before)


def leave_part(made: FolderSource, store: Path) -> None:
    """What a pull that was cut in the middle of a file leaves."""
    manifest = (made.where / "manifest.json").read_bytes()
    folder = store / ".staging" / f"pull-{hashlib.sha256(manifest).hexdigest()[:32]}"
    folder.mkdir(parents=True)
    weights = (made.where / "adapter.safetensors").read_bytes()
    (folder / "adapter.safetensors.part").write_bytes(weights[:100])


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_folder(made: FolderSource, tmp_path: Path, scheme: str, spy: Spy) -> None:
    round_trip(made, f"{scheme}{tmp_path}/remote", tmp_path, spy)
    assert not list((tmp_path / "remote/.incoming").iterdir())


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serve_s3(tmp_path, monkeypatch) as url:
        yield url


def test_s3(made: FolderSource, tmp_path: Path, s3: str, spy: Spy) -> None:
    round_trip(made, s3, tmp_path, spy)
    log = tmp_path / "moto.log"
    puts = log.read_text().count('"PUT ')
    assert puts > len(made.sizes)
    publish(small_artifact(tmp_path / "same", license="mit"), s3)
    assert log.read_text().count('"PUT ') == puts


@pytest.fixture
def sftp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serve_sftp(tmp_path, monkeypatch) as url:
        yield url


def test_sftp(made: FolderSource, tmp_path: Path, sftp: str, spy: Spy) -> None:
    round_trip(made, sftp, tmp_path, spy)
    assert not list((tmp_path / "shared/.incoming").iterdir())


def test_an_unknown_ssh_host_is_refused(made: FolderSource, tmp_path: Path, sftp: str) -> None:
    (tmp_path / "home/.ssh/known_hosts").write_text("")
    with pytest.raises(AdapterXLTError, match="known_hosts"):
        publish(made, sftp)


def test_an_sftp_server_that_stops_answering(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/x").write_bytes(b"x")
    with serve_sftp(tmp_path, monkeypatch, f"echo $$ > {tmp_path}/pid") as url:
        files = open_writable(url)
        assert files.read("x", 1) == b"x"
        files.fs.ftp.get_channel().settimeout(1)  # type: ignore[attr-defined]
        pid = int((tmp_path / "pid").read_text())
        os.kill(pid, signal.SIGSTOP)
        try:
            for act in (
                lambda: files.read("x", 1),
                lambda: files.put(tmp_path / "pid", "y"),
                lambda: files.delete("x"),
                lambda: files.delete_folder("z"),
            ):
                with pytest.raises(AdapterXLTError, match="TimeoutError: no answer for") as cut:
                    act()
                assert cut.value.message.startswith(f"{url}: ")
        finally:
            os.kill(pid, signal.SIGCONT)


def test_an_sftp_server_that_never_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_sftp(tmp_path, monkeypatch, "exec sleep 60") as url:
        monkeypatch.setattr(sftp_files, "SECONDS", 10)  # enough to log in
        with pytest.raises(AdapterXLTError, match="TimeoutError: no answer for"):
            open_writable(url)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def python_server(tmp_path: Path) -> Iterator[str]:
    """Python's own HTTP server, which knows no ranges."""
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[str]:
    with serve_nginx(tmp_path) as url:
        yield url


@pytest.mark.parametrize("server", ["python_server", "nginx"])
def test_http(
    made: FolderSource, tmp_path: Path, server: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(server)
    address = verify(made).fingerprint
    publish(made, str(tmp_path / "remote"))
    assert has(f"{url}/remote", address)
    assert not has(f"{url}/remote", "0" * 64)
    assert fetch_all(f"{url}/remote/{address}", tmp_path / "staging") == content(made)
    leave_part(made, tmp_path / "staging")
    assert fetch_all(f"{url}/remote/{address}", tmp_path / "staging") == content(made)
    if server == "nginx":
        status, size, _ = next(
            answer for answer in reversed(sent(tmp_path)) if answer[2].endswith("safetensors")
        )
        assert (status, size) == (206, made.sizes["adapter.safetensors"] - 100)
    with pytest.raises(MissingError):
        fetch_all(f"{url}/nothing", tmp_path / "staging")
    with pytest.raises(UsageError, match="cannot push"):
        publish(made, url)
    card = tmp_path / "remote" / address / "README.md"
    card.write_text(card.read_text().replace("a", "b"))
    with pytest.raises(InvalidArtifactError):
        fetch_all(f"{url}/remote/{address}", tmp_path / "staging")
    assert not list((tmp_path / "staging/.staging").iterdir())
