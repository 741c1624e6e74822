from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest

from adapterxlt.errors import AdapterXLTError
from adapterxlt.store.checkpoints import (
    STATE_FILE,
    TENSORS_FILE,
    clear_checkpoints,
    newest_checkpoint,
    write_checkpoint,
)


def fill(folder: Path) -> None:
    (folder / TENSORS_FILE).write_bytes(b"0123456789")


def write(root: Path, step: int) -> Path:
    return write_checkpoint(root, step, fill, {"step_name": f"s{step}"})


def test_the_newest_is_found_and_the_older_are_gone(tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path) is None
    write(tmp_path, 9)
    folder = write(tmp_path, 10)
    found = newest_checkpoint(tmp_path)
    assert found is not None
    assert found[0] == folder
    assert (found[1]["step"], found[1]["step_name"]) == (10, "s10")
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000010"]


def test_half_written_ones_are_passed_over(tmp_path: Path) -> None:
    whole = write(tmp_path, 5)
    damages = {
        7: lambda folder: (folder / STATE_FILE).unlink(),
        8: lambda folder: (folder / STATE_FILE).write_text("{"),
        9: lambda folder: (folder / STATE_FILE).write_text("[]"),
        10: lambda folder: (folder / TENSORS_FILE).write_bytes(b"01234"),
        11: lambda folder: (folder / TENSORS_FILE).unlink(),
    }
    state = json.loads((whole / STATE_FILE).read_text())
    for step, damage in damages.items():
        folder = tmp_path / f"step-{step:08d}"
        folder.mkdir()
        fill(folder)
        (folder / STATE_FILE).write_text(json.dumps(state))
        damage(folder)
    (tmp_path / ".writing").mkdir()
    found = newest_checkpoint(tmp_path)
    assert found is not None
    assert found[0] == whole
    write(tmp_path, 12)
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000012"]


def test_full_disk_leaves_the_checkpoint_before(tmp_path: Path) -> None:
    before = write(tmp_path, 5)

    def overflow(folder: Path) -> None:
        fill(folder)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(AdapterXLTError, match=r"cannot write a checkpoint to .*No space left"):
        write_checkpoint(tmp_path, 6, overflow, {})
    assert [path.name for path in tmp_path.iterdir()] == [before.name]


def test_a_damaged_one_of_the_same_step_is_replaced(tmp_path: Path) -> None:
    (write(tmp_path, 5) / STATE_FILE).unlink()
    write(tmp_path, 5)
    assert newest_checkpoint(tmp_path) is not None


def test_clear(tmp_path: Path) -> None:
    write(tmp_path, 5)
    (tmp_path / "other").mkdir()
    clear_checkpoints(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
