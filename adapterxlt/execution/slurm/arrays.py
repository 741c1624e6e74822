"""Submits jobs through submitit, in arrays that SLURM accepts. No torch."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

from adapterxlt.errors import AdapterXLTError
from adapterxlt.execution.slurm.commands import asked, submitit

_LARGEST = 1000  # jobs of an array; SLURM's own MaxArraySize is 1001, one more than the last index
# Parts of refusals, in small letters, after which fewer jobs at a time may be accepted.
_TOO_MANY = ("limit", "array")
# What submitit writes before it knows the number of the job.
_TEMPORARY = re.compile(r"[0-9a-f]{32}\.pkl|\.submission_file_[0-9a-f]{32}\.sh")


class RefusedError(AdapterXLTError):
    """SLURM did not accept a job.

    Args:
        said: what SLURM said.
    """

    def __init__(self, said: str) -> None:
        super().__init__(
            f"SLURM does not accept a job: {said}",
            hint="run the same command again when other jobs of yours have ended, or change "
            "--slurm",
        )
        self.said = said

    @property
    def too_many(self) -> bool:
        """Whether fewer jobs might be accepted."""
        return any(part in self.said.lower() for part in _TOO_MANY)


@contextmanager
def refusals(folder: Path) -> Iterator[None]:
    """Turn submitit's errors for an `sbatch` that fails into a `RefusedError`.

    A job that SLURM accepted without saying so does nothing: submitit never gives it its work.

    Args:
        folder: submitit's; what it wrote there for a job that was refused is removed.
    """
    errors = submitit().core.utils
    before = set(os.listdir(folder))
    try:
        with redirect_stderr(io.StringIO()):  # submitit prints what the error says too
            yield
    except (errors.FailedJobError, errors.FailedSubmissionError) as error:
        for name in set(os.listdir(folder)) - before:
            if _TEMPORARY.fullmatch(name):
                (folder / name).unlink(missing_ok=True)
        lines = [line.removeprefix("sbatch: error: ") for line in str(error).splitlines()]
        said = "; ".join(line.strip() for line in lines if line.strip())
        raise RefusedError(said or "`sbatch` gave no reason") from error


def largest_array() -> int:
    """Return how many jobs an array may have; 1 if SLURM has no arrays."""
    try:
        found = re.search(r"^MaxArraySize\s*=\s*(\d+)", asked("scontrol", "show", "config"), re.M)
    except AdapterXLTError:
        found = None
    return min(_LARGEST, max(1, int(found[1]) - 1)) if found else _LARGEST


def submit_all(
    step_ids: Sequence[str], array: Callable[[Sequence[str]], None], largest: int, first: int
) -> RefusedError | None:
    """Submit steps, in as large arrays as SLURM accepts.

    Args:
        array: submits some steps as one array, and remembers their jobs.
        largest: how many jobs an array may have.
        first: how many the first array has.

    Returns:
        why SLURM does not accept those that are left; None if it has accepted all.
    """
    left, size = list(step_ids), first
    while left:
        size = min(size, largest, len(left))
        try:
            array(left[:size])
        except RefusedError as error:
            if not error.too_many or size == 1:
                return error
            size //= 2
        else:
            left = left[size:]
            size *= 2
    return None
