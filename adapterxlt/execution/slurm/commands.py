"""Calls SLURM's own commands, and says what jobs request from it. No torch."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from typing import Any

from adapterxlt.errors import AdapterXLTError, MissingPackageError, UsageError
from adapterxlt.recipe.resources import Resources

EVERY = 2.0  # seconds between looks at the queue

State = tuple[str, str]  # the state of a job, and its node
# Parts of answers to a trial of a job; there is nothing wrong with a job that only has to wait.
# The last one is a limit of jobs at a time (`QOSMaxSubmitJobPerUserLimit` and its like).
_MAY_WAIT = ("nodes are busy", "Required node not available", "SubmitJob")
_SILENT = 120  # seconds after which a command of SLURM counts as silent


def submitit() -> Any:
    """Import the package submitit.

    Raises:
        MissingPackageError: it is not installed.
    """
    try:
        import submitit as package
    except ImportError:
        raise MissingPackageError(
            "--on slurm needs the package submitit", hint='pip install "adapterxlt[slurm]"'
        ) from None
    return package


def asked(*command: str) -> str:
    """Run a command of SLURM and return its answer.

    Raises:
        AdapterXLTError: the command fails.
    """
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_SILENT)
        said = done.stderr.strip() if done.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        said = str(error)
    else:
        if not done.returncode:
            return done.stdout
    raise AdapterXLTError(
        f"SLURM does not answer: `{' '.join(command)}`: {said}",
        hint="run the command on a login node of the cluster",
    )


def queue() -> dict[str, State]:
    """Return the jobs of this user that are not over, by id.

    Raises:
        AdapterXLTError: SLURM does not answer.
    """
    lines = asked("squeue", "-h", "-r", "--me", "-o", "%i|%T|%N").splitlines()
    rows = [line.split("|") for line in lines]
    return {row[0].strip(): (row[1], row[2]) for row in rows if len(row) == 3}


def parameters(wanted: Resources, settings: Mapping[str, str]) -> dict[str, Any]:
    """Return what submitit requests: a stage's resources and the settings of `--slurm`.

    If both set the same value, `--slurm` wins.
    """
    # submitit would limit a job to five minutes; without a time, the partition's limit applies.
    own: dict[str, Any] = {"time": None}
    own |= {key: value for key, value in settings.items() if key in ("partition", "time")}
    rest: dict[str, Any] = {key: value for key, value in settings.items() if key not in own}
    if wanted.gpus:
        rest.setdefault("gres", f"gpu:{wanted.gpus}")
    found: dict[str, Any] = {**own, "cpus_per_task": wanted.cpus or 1}
    if wanted.bytes:
        found["mem"] = f"{-(-wanted.bytes // 2**20)}M"
    return {**found, "additional_parameters": {**rest, "requeue": True}}


def check_taken(wanted: Resources, settings: Mapping[str, str], where: str) -> None:
    """Ask SLURM whether it would take such a job, without submitting it.

    Args:
        where: whose job it is, for the message.

    Raises:
        UsageError: it would not; an account is unknown, no node has so many resources, ...
    """
    found = parameters(wanted, settings)
    found.update(found.pop("additional_parameters"))
    del found["requeue"]
    flags = [f"--{key.replace('_', '-')}={value}" for key, value in found.items() if value]
    command = ["sbatch", "--test-only", *flags, "--wrap", "true"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = done.stderr.strip().splitlines()
    if done.returncode and not any(may in done.stderr for may in _MAY_WAIT):
        reason = said[-1].removeprefix("sbatch: error: ") if said else "no reason was given"
        raise UsageError(
            f"{where}: SLURM would not take this job ({' '.join(flags)}): "
            f"{reason.removeprefix('allocation failure: ')}",
            hint="change --slurm, or `resources:` in the recipe",
        )
