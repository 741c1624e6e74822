"""Remembers in a file which job works on which step. No torch."""

from __future__ import annotations

import json
from pathlib import Path

from adapterxlt.store.files import write_json


class Jobs:
    """The jobs of a run's steps; the same run finds them in the file when it is started again.

    A job is forgotten once the run knows how it ended, so an answer is never reported twice.

    Args:
        file: where they are kept.

    Attributes:
        ids: the job of each step that has one.
        lost: how many jobs of a step went away without an answer.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.ids: dict[str, str] = {}
        self.lost: dict[str, int] = {}
        try:
            for step_id, known in json.loads(file.read_text(encoding="utf-8")).items():
                if not isinstance(known, dict):  # as earlier versions wrote it: the job alone
                    known = {"job": known}
                if known.get("job"):
                    self.ids[step_id] = str(known["job"])
                if known.get("lost"):
                    self.lost[step_id] = int(known["lost"])
        except (OSError, ValueError, AttributeError, TypeError):
            pass  # nothing is known, as in a first run
        self._saved = (dict(self.ids), dict(self.lost))

    def lose(self, step_id: str) -> int:
        """Note that a step's job is gone; return how many are by now."""
        self.ids.pop(step_id, None)
        self.lost[step_id] = count = self.lost.get(step_id, 0) + 1
        return count

    def forget(self, step_id: str) -> None:
        """Forget a step that is over."""
        self.ids.pop(step_id, None)
        self.lost.pop(step_id, None)

    def save(self) -> None:
        """Write the file if something has changed."""
        now = (dict(self.ids), dict(self.lost))
        if now != self._saved:
            steps = dict.fromkeys([*self.ids, *self.lost])
            known = {
                step_id: {"job": self.ids.get(step_id, ""), "lost": self.lost.get(step_id, 0)}
                for step_id in steps
            }
            write_json(self._file, known)
            self._saved = now
