"""Options of the command line that choose and configure an executor. No torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Options:
    """The options from which an executor is made.

    Args:
        jobs: the number of processes, from `--jobs`.
        address: what stands behind `://` in `--on NAME://ADDRESS`, "" for nothing.
        settings: the executor's own `key=value` settings, such as those of `--slurm`.
        detach: whether to leave as soon as the ready steps are submitted.
        confirm: asks the user a question; None where nobody can answer.
    """

    jobs: int = 1
    address: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    detach: bool = False
    confirm: Callable[[str], bool] | None = None
