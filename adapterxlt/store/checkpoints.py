"""Checkpoints of a running training: safetensors and JSON, complete or absent.

A checkpoint `step-00000200/` holds `tensors.safetensors` (trained tensors, optimizer moments,
random states), `trainer_state.json`, and `state.json`, which is written last and lists the sizes
of the other files. The folder is written under another name and then renamed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapterxlt.store.disk import writing_folder

TENSORS_FILE = "tensors.safetensors"
STATE_FILE = "state.json"
TRAINER_FILE = "trainer_state.json"  # as transformers names it
CHECKPOINTS_FOLDER = "checkpoints"  # in the staging folder of an entry
_ASIDE = ".writing"
_PREFIX = "step-"


def write_checkpoint(
    root: Path, step: int, fill: Callable[[Path], None], state: dict[str, Any]
) -> Path:
    """Write a checkpoint and remove the older ones.

    Args:
        root: folder of all checkpoints of this training.
        step: optimizer steps done.
        fill: writes all files except `state.json` into the folder it is given.
        state: JSON data for `state.json`.

    Raises:
        AdapterXLTError: no space is left; the checkpoint before this one is still there.
    """
    aside, final = root / _ASIDE, root / f"{_PREFIX}{step:08d}"
    shutil.rmtree(aside, ignore_errors=True)
    with writing_folder(aside, "a checkpoint"):
        fill(aside)
        sizes = {path.name: path.stat().st_size for path in sorted(aside.iterdir())}
        for name in sizes:
            _flush(aside / name)
        marker = aside / STATE_FILE
        marker.write_text(json.dumps({**state, "step": step, "sizes": sizes}), encoding="utf-8")
        _flush(marker)
        if final.exists():  # it must be damaged, as a complete one would have been resumed
            shutil.rmtree(final)
        os.replace(aside, final)
    for old in _folders(root):
        if old != final:
            shutil.rmtree(old, ignore_errors=True)
    return final


def newest_checkpoint(root: Path) -> tuple[Path, dict[str, Any]] | None:
    """Find the newest complete checkpoint and its state; damaged ones are passed over."""
    for folder in sorted(_folders(root), reverse=True):
        state = read_state(folder)
        if state is not None:
            return folder, state
    return None


@dataclass(frozen=True)
class Begun:
    """How far an unfinished training is.

    Args:
        step: the step of its newest checkpoint.
        steps: all its steps.
    """

    step: int
    steps: int

    def __str__(self) -> str:
        return f"from step {self.step} of {self.steps}"


def begun_training(staging: Path) -> Begun | None:
    """How far the training is that is kept in the staging folder of an entry, if there is one."""
    found = newest_checkpoint(staging / CHECKPOINTS_FOLDER)
    if found is None:
        return None
    folder, state = found
    try:
        trainer = json.loads((folder / TRAINER_FILE).read_text(encoding="utf-8"))
        return Begun(int(state["step"]), int(trainer["max_steps"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def clear_checkpoints(root: Path) -> None:
    """Remove all checkpoints."""
    shutil.rmtree(root / _ASIDE, ignore_errors=True)
    for folder in _folders(root):
        shutil.rmtree(folder, ignore_errors=True)


def _folders(root: Path) -> list[Path]:
    return [path for path in root.glob(f"{_PREFIX}*") if path.is_dir()]


def read_state(folder: Path) -> dict[str, Any] | None:
    """The state of a checkpoint, None if it is not complete."""
    try:
        state = json.loads((folder / STATE_FILE).read_text(encoding="utf-8"))
        sizes = state["sizes"]
        whole = TENSORS_FILE in sizes and all(
            (folder / Path(name).name).stat().st_size == size for name, size in sizes.items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return state if whole else None


def _flush(path: Path) -> None:
    """Make sure that the file's bytes are on the disk before the folder gets its name."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
