"""A checkpoint such as a stopped training leaves, without its tensors."""

from __future__ import annotations

import json
from pathlib import Path

from adapterxlt.store.checkpoints import (
    CHECKPOINTS_FOLDER,
    TENSORS_FILE,
    TRAINER_FILE,
    write_checkpoint,
)


def begin(staging: Path, step: int, steps: int) -> None:
    """Leave a checkpoint of a training of so many steps in the staging folder of an entry."""

    def fill(folder: Path) -> None:
        (folder / TENSORS_FILE).write_bytes(b"0")
        (folder / TRAINER_FILE).write_text(json.dumps({"max_steps": steps}))

    write_checkpoint(staging / CHECKPOINTS_FOLDER, step, fill, {})
