"""Options of the command line that choose and configure an executor. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Options:
    """What an executor is made of.

    Args:
        jobs: of `--jobs`: how many processes.
        address: what stands behind `://` in `--on NAME://ADDRESS`, "" for nothing.
        settings: `key=value` of its own, as of `--slurm`.
        detach: leave when what is ready is submitted.
        confirm: asks the user a question; None where nobody can answer.
    """

    jobs: int = 1
    address: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    detach: bool = False
    confirm: Callable[[str], bool] | None = None
