"""Trackers that a run can log its training to: `run --log-to NAME`. No torch."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from adapterxlt.errors import MissingPackageError

TRACKERS = ("tensorboard", "mlflow", "wandb")  # each needs the package, and the extra, of its name
FOLDER = "tracking"  # of a work folder


@dataclass(frozen=True)
class Tracking:
    """How one training is logged; it is trained the same without.

    Args:
        name: one of `TRACKERS`.
        title: what the training is called there.
        folder: for those that write files.
    """

    name: str
    title: str
    folder: Path


def check_tracker(name: str) -> None:
    """See before any work that a tracker is installed.

    Raises:
        MissingPackageError: it is not.
    """
    if find_spec(name) is None:
        raise MissingPackageError(
            f"--log-to {name}: the package `{name}` is not installed",
            hint=f"pip install 'adapterxlt[{name}]'",
        )
