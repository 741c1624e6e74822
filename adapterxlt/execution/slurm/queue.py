"""Looks at SLURM's queue, which may not answer for some minutes. No torch."""

from __future__ import annotations

import time
from collections.abc import Callable

from adapterxlt.errors import AdapterXLTError
from adapterxlt.execution.slurm import commands as slurm_commands
from adapterxlt.execution.slurm.commands import State, queue

# Seconds for which SLURM may be silent: its controller is restarted, say. Its jobs go on meanwhile.
PATIENCE = 600.0


class Queue:
    """The jobs of this user that are not over.

    Args:
        log: called with a message when SLURM becomes silent, and when it answers again.
    """

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._silent: float | None = None  # since when, by the monotonic clock

    def look(self) -> dict[str, State] | None:
        """Return the jobs by id; None if SLURM does not answer at the moment.

        Raises:
            AdapterXLTError: it has been silent for longer than `PATIENCE`.
        """
        try:
            found = queue()
        except AdapterXLTError as error:
            now = time.monotonic()
            if self._silent is None:
                self._silent = now
                minutes = round(PATIENCE / 60)
                self._log(f"{error.message}; it is asked again for up to {minutes} minutes")
            elif now - self._silent >= PATIENCE:
                raise
            return None
        if self._silent is not None:
            self._silent = None
            self._log("SLURM answers again")
        return found

    def wait(self) -> dict[str, State]:
        """Return the jobs by id as soon as SLURM answers.

        Raises:
            AdapterXLTError: as for `look`.
        """
        while (found := self.look()) is None:
            time.sleep(slurm_commands.EVERY)
        return found
