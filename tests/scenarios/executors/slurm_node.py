"""A SLURM of one node on this machine, by Debian's slurm-wlm and munge."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=cred_expire=60
GresTypes=gpu
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
StateSaveLocation={folder}/ctld
SlurmdSpoolDir={folder}/d
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPort={port}
SlurmdPort={other}
KillWait=1
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def why_not() -> str:
    """Why there can be none here; "" if there can."""
    lacking = [name for name in ("slurmctld", "slurmd", "munged", "srun") if not shutil.which(name)]
    if lacking:
        return f"no {', '.join(lacking)}: apt-get install slurm-wlm munge"
    return "" if os.geteuid() == 0 else "starting SLURM needs root"


@contextmanager
def slurm(folder: Path, accounting: str = "") -> Iterator[Path]:
    """Its configuration file, while it runs.

    Args:
        accounting: more lines of its configuration.
    """
    for name in ("ctld", "d"):
        (folder / name).mkdir()
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        ports = {"port": first.getsockname()[1], "other": second.getsockname()[1]}
    conf = folder / "slurm.conf"
    host = socket.gethostname().split(".")[0]
    cores = os.cpu_count()
    (folder / "gres.conf").write_text(f"Name=gpu File={folder}/gpu[0-1]\n")
    for number in range(2):  # any files: nobody opens them
        (folder / f"gpu{number}").touch()
    text = CONFIGURATION.format(host=host, folder=folder, cores=cores, **ports)
    conf.write_text(text + accounting)
    env = {**os.environ, "SLURM_CONF": str(conf)}
    munge = start_munge()
    daemons = [
        subprocess.Popen(["slurmctld", "-D", "-c", "-f", conf], env=env, stderr=subprocess.DEVNULL),
        subprocess.Popen(["slurmd", "-D", "-f", conf], env=env, stderr=subprocess.DEVNULL),
    ]
    try:
        while (
            "idle"
            not in subprocess.run(
                ["sinfo", "-h", "-o", "%t"], env=env, capture_output=True, text=True, check=False
            ).stdout
        ):
            assert all(daemon.poll() is None for daemon in daemons), "SLURM did not start"
            time.sleep(0.2)
        yield conf
        subprocess.run(["scancel", "--me"], env=env, check=True)
        while subprocess.check_output(["squeue", "-h"], env=env):  # nothing stays behind
            time.sleep(0.2)
    finally:
        for daemon in [*daemons, *munge]:
            daemon.terminate()
            daemon.wait()


def start_munge() -> list[subprocess.Popen[bytes]]:
    """Its daemon, if none runs yet."""
    if subprocess.run(["munge", "-n"], capture_output=True, check=False).returncode == 0:
        return []
    Path("/run/munge").mkdir(exist_ok=True)
    shutil.chown("/run/munge", "munge")
    daemon = subprocess.Popen(["su", "-s", "/bin/sh", "munge", "-c", "exec munged -F"])
    while subprocess.run(["munge", "-n"], capture_output=True, check=False).returncode:
        assert daemon.poll() is None, "munge did not start"
        time.sleep(0.2)
    return [daemon]
