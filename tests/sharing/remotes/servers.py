"""Real servers on the loopback interface: OpenSSH and nginx from Debian, moto for S3."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, errors: Path) -> Iterator[None]:
    """Run a server from when it answers to the end of the block."""
    with errors.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    try:
        _wait_for(process, port, errors)
        yield
    finally:
        process.terminate()
        process.wait(600)


def _wait_for(process: subprocess.Popen[bytes], port: int, errors: Path) -> None:
    for _ in range(2400):
        if process.poll() is not None:
            break
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"the server did not start: {errors.read_text()[-1000:]}")


@contextmanager
def serve_s3(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """URL of a bucket on a moto server, which keeps it in memory."""
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
    with running([sys.executable, "-m", "moto.server", "-p", str(port)], port, folder / "moto.log"):
        s3fs.S3FileSystem.clear_instance_cache()  # they know the port of an earlier server
        s3fs.S3FileSystem(skip_instance_cache=True).mkdir("bucket")
        yield "s3://bucket/shared"


@contextmanager
def serve_sftp(folder: Path, monkeypatch: pytest.MonkeyPatch, before: str = "") -> Iterator[str]:
    """URL of `folder/shared` on an OpenSSH server; `folder/home` is the user's home.

    Args:
        before: a shell command to run in each session before SFTP begins.
    """
    sshd = shutil.which("sshd") or "/usr/sbin/sshd"
    server = Path("/usr/lib/openssh/sftp-server")
    if not Path(sshd).is_file() or not server.is_file() or os.geteuid() != 0:
        pytest.skip("needs Debian's openssh-server, and to be root")
    pytest.importorskip("paramiko", reason="paramiko is not installed")
    program = folder / "sftp-server"
    program.write_text(f"#!/bin/sh\n{before}\nexec {server}\n")
    program.chmod(0o755)
    home = folder / "home"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    Path("/run/sshd").mkdir(exist_ok=True)
    for key in (home / ".ssh/id_ed25519", folder / "host_key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    port = free_port()
    host = " ".join((folder / "host_key.pub").read_text().split()[:2])
    (home / ".ssh/known_hosts").write_text(f"[127.0.0.1]:{port} {host}\n")
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\nUsePAM no\n"
        f"AuthorizedKeysFile {home}/.ssh/id_ed25519.pub\nStrictModes no\nPidFile none\n"
        f"PermitRootLogin yes\nSubsystem sftp {program}\n"
    )
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    command = [sshd, "-D", "-e", "-f", str(folder / "sshd_config")]
    with running(command, port, folder / "sshd.log"):
        yield f"sftp://root@127.0.0.1:{port}{folder}/shared"


@contextmanager
def serve_nginx(folder: Path, bytes_per_second: int = 0) -> Iterator[str]:
    """URL of `folder` on an nginx server, which writes what it sends to `folder/access.log`.

    Args:
        bytes_per_second: of each connection; 0 for all it can.
    """
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    if not Path(program).is_file():
        pytest.skip("needs Debian's nginx")
    port = free_port()
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; "
        + ("user root; " if os.geteuid() == 0 else "")
        + "events {} http { log_format sent '$status $body_bytes_sent $uri'; "
        + f"access_log {folder}/access.log sent; limit_rate {bytes_per_second}; "
        + "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy"))
        + f"server {{ listen 127.0.0.1:{port}; root {folder}; }} }}"
    )
    command = [program, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    with running(command, port, folder / "nginx.log"):
        yield f"http://127.0.0.1:{port}"


def sent(folder: Path) -> list[tuple[int, int, str]]:
    """Status, bytes and path of everything that `serve_nginx` has answered."""
    path = folder / "access.log"
    lines = [line.split(" ", 2) for line in path.read_text().splitlines()] if path.exists() else []
    return [(int(status), int(size), uri) for status, size, uri in lines]
