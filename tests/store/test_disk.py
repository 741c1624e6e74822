from __future__ import annotations

import errno
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from adapterxlt.errors import AdapterXLTError, UsageError
from adapterxlt.store.disk import cannot_write, check_folder, writing


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "x"), "cannot write folder: No space left on device"),
        (OSError(errno.EDQUOT, "x"), "cannot write folder: Disk quota exceeded"),
        (OSError(errno.ENOSPC, "x", "folder/file"), "cannot write folder/file: No space left"),
        (OSError(errno.ENOSPC, "x", "from", None, "to"), "cannot write to: No space left"),
        (OSError(errno.EFBIG, "x"), "cannot write folder: File too large"),
        (OSError(errno.EROFS, "x"), "cannot write folder: Read-only file system"),
        (OSError("1024 requested and 512 written"), "cannot write folder: No space left"),
    ],
)
def test_what_stops_writing_is_said_with_its_place(error: OSError, message: str) -> None:
    with (
        pytest.raises(AdapterXLTError, match=message) as raised,
        writing(Path("folder"), surely=False),
    ):
        raise error
    assert raised.value.hint


def test_other_errors_pass() -> None:
    for error in (FileNotFoundError(errno.ENOENT, "no"), ValueError("x"), KeyboardInterrupt()):
        with pytest.raises(type(error)), writing("folder"):
            raise error
    denied = PermissionError(errno.EACCES, "no")
    assert cannot_write("f", denied) is None  # it may be one of reading
    assert "cannot write f: Permission denied" in str(cannot_write("f", denied, surely=True))


def test_a_folder_that_can_be_made_is_not_made(tmp_path: Path) -> None:
    check_folder(tmp_path / "a/b")
    check_folder(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_below_a_file_or_a_broken_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "circle").symlink_to("circle")
    long = "x" * 300
    for name, message, hint in (
        ("file", "file: Not a directory", "a part of this path is a file"),
        ("file/runs/store", "file/runs/store: Not a directory", "a part of this path is a file"),
        (long, "File name too long", "choose a shorter name"),
        (f"{long}/store", "File name too long", "choose a shorter name"),
        ("link", "link is a link that leads nowhere", "remove the link, or choose another folder"),
        ("link/store", "link is a link that leads nowhere", "remove the link"),
        ("circle/store", "circle is a link that leads nowhere", "remove the link"),
    ):
        with pytest.raises(UsageError, match=message) as raised:
            check_folder(tmp_path / name)
        assert raised.value.message.startswith(f"cannot write {tmp_path / name}: ")
        assert str(raised.value.hint).startswith(hint)


@pytest.mark.parametrize("name", ["", "runs/store"])
def test_a_folder_that_is_write_protected(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(dir: Path) -> None:
        assert dir == tmp_path
        raise PermissionError(errno.EACCES, "Permission denied", f"{dir}/tmpx")

    monkeypatch.setattr("adapterxlt.store.disk.tempfile.TemporaryFile", denied)
    with pytest.raises(AdapterXLTError) as raised:
        check_folder(tmp_path / name)
    assert type(raised.value) is AdapterXLTError  # not a mistake in the name
    assert raised.value.message == f"cannot write {tmp_path / name}: Permission denied"
    assert str(raised.value.hint).startswith("choose a writable folder")


def test_a_folder_in_which_the_system_makes_none() -> None:
    with pytest.raises(AdapterXLTError, match="cannot write /proc/runs: No such file") as raised:
        check_folder(Path("/proc/runs"))
    assert raised.value.hint == "choose another folder"


SAVE = """
import sys
import torch
from pathlib import Path
from adapterxlt.models import tensors
tensors.write({"a": torch.zeros(100_000)}, Path(sys.argv[1]))
"""


def test_safetensors_that_may_not_grow(tmp_path: Path) -> None:
    limits = (4096, resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    done = subprocess.run(
        [sys.executable, "-c", SAVE, tmp_path / "a.safetensors"],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits),
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert f"cannot write {tmp_path / 'a.safetensors'}: File too large" in done.stderr
