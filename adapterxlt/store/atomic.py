"""Files that appear whole under their name or not at all."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from adapterxlt.store.disk import writing


@contextmanager
def replacing(path: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """A file in the folder of `path` that replaces it in the end, and where it is until then.

    Where the system can, it has no name until then, so that a kill leaves nothing behind.
    """
    name = path.with_name(f".adapterxlt-{os.urandom(6).hex()}.tmp")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, nameless = _open_aside(name)
    try:
        with os.fdopen(handle, "wb") as raw:
            place = Path(f"/proc/self/fd/{handle}") if nameless else name
            yield raw, place
            if nameless:
                _give_name(place, name, path)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            name.unlink()
        raise


def _open_aside(name: Path) -> tuple[int, bool]:
    """A new file's descriptor, and whether it has no name yet instead of this one."""
    if hasattr(os, "O_TMPFILE") and os.path.isdir("/proc/self/fd"):
        with suppress(OSError):  # not every file system can
            return os.open(name.parent, os.O_TMPFILE | os.O_RDWR, 0o666), True
    return os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666), False


def _give_name(place: Path, name: Path, path: Path) -> None:
    """Let a file that has no name yet have this one, until it replaces `path`."""
    folder = os.open(name.parent, os.O_RDONLY)
    try:
        # With a folder's descriptor the system is told to follow `place`, which is a link.
        os.link(place, name.name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=True)
    except OSError:  # a file system that can make such files, but not name them
        with place.open("rb") as made, name.open("xb") as copy:
            shutil.copyfileobj(made, copy)
            take_over(path, copy.fileno())
    finally:
        os.close(folder)


def take_over(path: Path, handle: int) -> None:
    """Give a file the permissions, and where allowed the owner, of the one it will replace."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return
    with suppress(OSError):
        os.chown(handle, there.st_uid, there.st_gid)
    with suppress(OSError):
        os.chmod(handle, stat.S_IMODE(there.st_mode))
