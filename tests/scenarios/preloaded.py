"""A process that has imported everything and forks: most of a start of the program is imports.

What it forks is a process of its own as a user would start one: with its own session, folder,
environment and streams, killed and interrupted like any other.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import IO

# Each request names a folder, an environment, arguments and perhaps code, and brings files for
# stdout, stderr and the status. A process between the two waits for the program, since only a
# parent learns how its child ended.
_SERVER = r"""
import gc, importlib, json, os, pkgutil, signal, socket, sys

import adapterxlt
for module in pkgutil.walk_packages(adapterxlt.__path__, "adapterxlt."):
    if not module.name.startswith(("adapterxlt.integrations", "adapterxlt.__main__")):
        importlib.import_module(module.name)
import adapters, datasets, faiss, peft, torch, transformers
import transformers.models.xlm_roberta.modeling_xlm_roberta
gc.freeze()

server = socket.socket(fileno=int(sys.argv[1]))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    head, files, _, _ = socket.recv_fds(server, 8, 3)
    if not head:
        sys.exit()
    size, text = int(head), b""
    while len(text) < size:
        text += server.recv(size - len(text))
    if os.fork():
        for file in files:
            os.close(file)
        continue
    server.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request, (out, err, status) = json.loads(text), files
    program = os.fork()
    if program:
        _, ended = os.waitpid(program, 0)
        os.write(status, b"%d\n" % os.waitstatus_to_exitcode(ended))
        os._exit(0)
    break

os.setsid()
os.write(status, b"%d\n" % os.getpid())  # only now, as it is killed with its group
signal.signal(signal.SIGINT, signal.default_int_handler)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
os.dup2(out, 1)
os.dup2(err, 2)
for file in files:
    os.close(file)
os.chdir(request["folder"])
os.environ.clear()
os.environ.update(request["environment"])
sys.argv = ["adapterxlt", *request["arguments"]]
exec(compile(request["code"], "<program>", "exec"), {"__name__": "__main__"})
"""
PLAIN = "from adapterxlt.cli.main import main\nmain()\n"


class Program:
    """A running program, with what is used here of `subprocess.Popen`."""

    def __init__(self, status: int, out: IO[str], err: IO[str]) -> None:
        self._status = os.fdopen(status, "rb", buffering=0)
        self._streams = (out, err)
        self._told = b""
        while b"\n" not in self._told:
            before = self._told
            self._read()
            assert self._told != before, "the process that forks has died: see its stderr"
        self.pid = int(self._told.split()[0])
        self.returncode: int | None = None
        os.set_blocking(status, False)

    def poll(self) -> int | None:
        """How it ended; None while it runs."""
        if self.returncode is None:
            self._read()
            lines = self._told.splitlines(keepends=True)
            if len(lines) == 2 and lines[1].endswith(b"\n"):
                self.returncode = int(lines[1])
                self._status.close()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end; what it wrote to stdout and stderr."""
        end = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired("adapterxlt", timeout or 0)
            time.sleep(0.005)
        return tuple(_text(stream) for stream in self._streams)  # type: ignore[return-value]

    def _read(self) -> None:
        self._told += self._status.read(64) or b""


def start_program(
    arguments: list[str], folder: Path, environment: dict[str, str], code: str = PLAIN
) -> Program:
    """Start `adapterxlt ARGUMENTS` in a folder; `code` is what runs in place of its `main`."""
    request = {
        "arguments": arguments,
        "folder": str(folder),
        "environment": environment,
        "code": code,
    }
    text = json.dumps(request).encode()
    # They are closed when they have been read.
    out, err = (tempfile.TemporaryFile("w+", encoding="utf-8") for _ in range(2))  # noqa: SIM115
    status, theirs = os.pipe()
    server = _server()
    # The first message has a fixed length, so that the files arrive with it alone.
    socket.send_fds(server, [b"%8d" % len(text)], [out.fileno(), err.fileno(), theirs])
    server.sendall(text)
    os.close(theirs)
    return Program(status, out, err)


@cache
def _server() -> socket.socket:
    """The process that forks, one for each process of the tests; it ends with that."""
    ours, theirs = socket.socketpair()
    subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        env={**os.environ, "OMP_NUM_THREADS": "1", "NO_COLOR": "1", "COLUMNS": "120"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    theirs.close()
    return ours


def _text(stream: IO[str]) -> str:
    if stream.closed:
        return ""
    stream.seek(0)
    text = stream.read()
    stream.close()
    return text
