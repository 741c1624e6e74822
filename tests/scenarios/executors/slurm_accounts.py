"""A SLURM that knows its accounts, by Debian's slurmdbd on a database of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.scenarios.executors import slurm_node

DATABASE = """
AuthType=auth/munge
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={port}
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={storage}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm
"""
ENFORCED = """
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={port}
AccountingStorageEnforce=associations
"""


def why_not() -> str:
    """Why there can be none here; "" if there can."""
    programs = ("slurmdbd", "mariadbd", "mariadb-install-db")
    if lacking := [name for name in programs if not shutil.which(name)]:
        return f"no {', '.join(lacking)}: apt-get install slurmdbd mariadb-server"
    return slurm_node.why_not()


@contextmanager
def slurm(folder: Path, account: str) -> Iterator[Path]:
    """The configuration file of a SLURM in which this user has one account, while it runs."""
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        port, storage = first.getsockname()[1], second.getsockname()[1]
    host = socket.gethostname().split(".")[0]
    file = folder / "slurmdbd.conf"  # it is read from beside slurm.conf
    file.write_text(DATABASE.format(host=host, port=port, storage=storage))
    file.chmod(0o600)
    env = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}
    daemons = [*slurm_node.start_munge(), _mariadb(folder / "db", storage)]
    try:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        daemons.append(subprocess.Popen(["slurmdbd", "-D"], env=env, **quiet))
        _wait(daemons[-1], lambda: socket.create_connection(("127.0.0.1", port)).close())
        with slurm_node.slurm(folder, ENFORCED.format(port=port)) as conf:
            for what in (["account", account], ["user", "root", f"account={account}"]):
                command = ["sacctmgr", "--immediate", "--quiet", "add", *what]
                subprocess.run(command, env=env, check=True, **quiet)
            yield conf
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            daemon.wait()


def _mariadb(folder: Path, port: int) -> subprocess.Popen[bytes]:
    """Its daemon, with an empty database that SLURM may fill."""
    own = ["--no-defaults", "--user=root", f"--datadir={folder}"]
    subprocess.run(["mariadb-install-db", *own], check=True, capture_output=True)
    listen = [f"--socket={folder / 'socket'}", f"--port={port}", "--bind-address=127.0.0.1"]
    daemon = subprocess.Popen(["mariadbd", *own, *listen], stderr=subprocess.DEVNULL)
    grant = (
        "create database slurm; create user slurm@'127.0.0.1' identified by 'slurm'; "
        "create user slurm@localhost identified by 'slurm'; "
        "grant all on slurm.* to slurm@'127.0.0.1'; grant all on slurm.* to slurm@localhost"
    )
    command = ["mariadb", "--no-defaults", f"--socket={folder / 'socket'}", "-e", grant]
    _wait(daemon, lambda: subprocess.run(command, check=True, capture_output=True))
    return daemon


def _wait(daemon: subprocess.Popen[bytes], ready: Callable[[], object]) -> None:
    while True:
        assert daemon.poll() is None, f"{daemon.args} did not start"
        try:
            ready()
        except (OSError, subprocess.CalledProcessError):
            time.sleep(0.2)
        else:
            return
