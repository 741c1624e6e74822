from __future__ import annotations

import errno
from pathlib import Path

import pytest
from safetensors import SafetensorError

from adapterxlt.errors import AdapterXLTError
from adapterxlt.store.disk import writing_folder

FULL = [
    OSError(errno.ENOSPC, "No space left on device"),
    OSError(errno.EDQUOT, "Disk quota exceeded"),
    OSError(errno.EFBIG, "File too large"),
    SafetensorError('Error while serializing: IoError(Os { code: 28, message: "No space left" })'),
    SafetensorError("Error while serializing: I/O error: File too large (os error 27)"),
]


def fail(folder: Path, error: BaseException) -> None:
    with writing_folder(folder, "`nli`"):
        (folder / "half").write_text("x")
        raise error


@pytest.mark.parametrize("error", FULL, ids=str)
def test_full_disk_is_said_and_nothing_stays(tmp_path: Path, error: Exception) -> None:
    folder = tmp_path / "out"
    with pytest.raises(
        AdapterXLTError, match=r"cannot write `nli` to .*: (No space|Disk quota|File too)"
    ) as caught:
        fail(folder, error)
    assert caught.value.hint is not None
    assert not folder.exists()


@pytest.mark.parametrize("error", [OSError(errno.EACCES, "no"), KeyboardInterrupt()])
def test_other_failures_pass_through_and_leave_nothing(
    tmp_path: Path, error: BaseException
) -> None:
    folder = tmp_path / "out"
    with pytest.raises(type(error)):
        fail(folder, error)
    assert not folder.exists()


def test_what_was_written_stays(tmp_path: Path) -> None:
    with writing_folder(tmp_path / "a" / "b", "x"):
        (tmp_path / "a" / "b" / "file").write_text("x")
    assert (tmp_path / "a" / "b" / "file").read_text() == "x"
