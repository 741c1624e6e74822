"""Publishing and fetching against real servers on the loopback interface."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from adapterxlt.errors import AdapterXLTError, InvalidArtifactError, MissingError, UsageError
from adapterxlt.store.remotes.fetch import has
from adapterxlt.store.source import FolderSource
from adapterxlt.store.verify import verify
from tests.artifacts.make import small_artifact
from tests.store.remotes.transfer import content, fetch_all, publish


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    for _ in range(1200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("the server did not start")


@contextmanager
def running(command: list[str], port: int, **options: object) -> Iterator[None]:
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options
    )  # type: ignore[call-overload]
    try:
        wait_for(port)
        yield
    finally:
        process.terminate()
        process.wait(20)


def round_trip(made: FolderSource, url: str, tmp_path: Path) -> None:
    """What every writable remote must do."""
    address = verify(made).fingerprint
    assert not has(url, address)
    with pytest.raises(MissingError):
        fetch_all(url, tmp_path / "staging")
    first = publish(made, url)
    assert first.files == len(made.sizes)
    assert has(url, address)
    assert publish(made, url).files == 0
    for place in (first.url, url):
        assert fetch_all(place, tmp_path / "staging") == content(made)
    other = small_artifact(tmp_path / "other", license="mit")
    with pytest.raises(UsageError, match="another artifact"):
        publish(other, url)
    assert publish(other, url, replace=True).files == len(other.sizes)
    assert fetch_all(first.url, tmp_path / "staging") == content(other)


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_folder(made: FolderSource, tmp_path: Path, scheme: str) -> None:
    round_trip(made, f"{scheme}{tmp_path}/remote", tmp_path)


def test_s3(made: FolderSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("moto.server", reason="moto[server] is not installed")
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed")
    port = free_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }.items():
        monkeypatch.setenv(name, value)
    with running([sys.executable, "-m", "moto.server", "-p", str(port)], port):
        s3fs.S3FileSystem(skip_instance_cache=True).mkdir("bucket")
        round_trip(made, "s3://bucket/shared", tmp_path)


@pytest.fixture
def sftp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """URL of a folder on an OpenSSH server of this test."""
    sshd = shutil.which("sshd") or "/usr/sbin/sshd"
    server = Path("/usr/lib/openssh/sftp-server")
    if not Path(sshd).is_file() or not server.is_file() or os.geteuid() != 0:
        pytest.skip("needs Debian's openssh-server, and to be root")
    pytest.importorskip("paramiko", reason="paramiko is not installed")
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    Path("/run/sshd").mkdir(exist_ok=True)
    for key in (home / ".ssh/id_ed25519", tmp_path / "host_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    port = free_port()
    host = " ".join((tmp_path / "host_key.pub").read_text().split()[:2])
    (home / ".ssh/known_hosts").write_text(f"[127.0.0.1]:{port} {host}\n")
    (tmp_path / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {tmp_path}/host_key\nUsePAM no\n"
        f"AuthorizedKeysFile {home}/.ssh/id_ed25519.pub\nStrictModes no\nPidFile none\n"
        f"PermitRootLogin yes\nSubsystem sftp {server}\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with running([sshd, "-D", "-f", str(tmp_path / "sshd_config")], port):
        yield f"sftp://root@127.0.0.1:{port}{tmp_path}/shared"


def test_sftp(made: FolderSource, tmp_path: Path, sftp: str) -> None:
    round_trip(made, sftp, tmp_path)


def test_an_unknown_ssh_host_is_refused(made: FolderSource, tmp_path: Path, sftp: str) -> None:
    (tmp_path / "home/.ssh/known_hosts").write_text("")
    with pytest.raises(AdapterXLTError, match="known_hosts"):
        publish(made, sftp)


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
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(program).is_file():
        pytest.skip("needs Debian's nginx")
    port = free_port()
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; pid {tmp_path}/nginx.pid; error_log {tmp_path}/error.log; "
        + ("user root; " if os.geteuid() == 0 else "")
        + "events {} http { access_log off; "
        + "".join(f"{kind}_temp_path {tmp_path}/{kind}; " for kind in ("client_body", "proxy"))
        + f"server {{ listen 127.0.0.1:{port}; root {tmp_path}; }} }}"
    )
    with running([program, "-p", str(tmp_path), "-c", str(tmp_path / "nginx.conf")], port):
        yield f"http://127.0.0.1:{port}"


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
    # An interrupted pull goes on in the middle of a file.
    part = next(made.where.glob("adapter.safetensors"))
    manifest = (made.where / "manifest.json").read_bytes()
    import hashlib

    folder = tmp_path / "staging" / f"pull-{hashlib.sha256(manifest).hexdigest()[:32]}"
    folder.mkdir(parents=True)
    (folder / "adapter.safetensors.part").write_bytes(part.read_bytes()[:100])
    assert fetch_all(f"{url}/remote/{address}", tmp_path / "staging") == content(made)
    with pytest.raises(MissingError):
        fetch_all(f"{url}/nothing", tmp_path / "staging")
    with pytest.raises(UsageError, match="nothing can be pushed"):
        publish(made, url)
    card = tmp_path / "remote" / address / "README.md"
    card.write_text(card.read_text().replace("a", "b"))
    with pytest.raises(InvalidArtifactError):
        fetch_all(f"{url}/remote/{address}", tmp_path / "staging")
    assert not list((tmp_path / "staging").glob("pull-*/*"))
