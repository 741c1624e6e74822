"""One-sentence errors for files that cannot be written."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapterxlt.errors import AdapterXLTError

# Errors of the system -> what to do. What is finished is kept, so the command continues from there.
_ROOM = "free some space or choose another disk, then run the same command again to continue"
_HINTS = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: (
        "the limit for file sizes is too low: raise it (`ulimit -f unlimited`) or "
        "choose another disk, then run the same command again"
    ),
    errno.EROFS: "choose a writable folder",
    errno.EACCES: "choose a writable folder, or change the permissions of this one",
    errno.EPERM: "choose a writable folder, or change the permissions of this one",
    errno.ENOTDIR: "a part of this path is a file; choose another path",
    errno.EEXIST: "a part of this path is a file; choose another path",
    errno.EISDIR: "this is a folder; name a file in it",
    errno.ENAMETOOLONG: "choose a shorter name",
    errno.ELOOP: "its links form a circle",
    errno.EIO: "the disk has failed; choose another one",
}
# Those that reading never meets.
_OF_WRITING = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
# How safetensors, a library in Rust, words the system's error.
_NUMBER = re.compile(r"os error (\d+)|Os \{ code: (\d+)")


def error_number(error: BaseException) -> int | None:
    """The system's number of an error in writing, whichever library reports it; None: no such."""
    if isinstance(error, OSError):
        # numpy's own writer says `N requested and M written`, without a number.
        return error.errno or (errno.ENOSPC if " requested and " in str(error) else None)
    if type(error).__name__ == "SafetensorError" and (found := _NUMBER.search(str(error))):
        return int(found[1] or found[2])
    return None


def cannot_write(
    path: Path | str, error: BaseException, *, surely: bool = False
) -> AdapterXLTError | None:
    """The error to raise instead; None if it is not one of writing.

    Args:
        path: what was being written, where the error itself does not say.
        surely: only writing was done, so that a lack of permission, say, is one to write.
    """
    number = error_number(error)
    if number not in _HINTS or not (surely or number in _OF_WRITING):
        return None
    # Of two files the second one is written: to it the first one is copied, or given its name.
    place = getattr(error, "filename2", None) or getattr(error, "filename", None) or path
    return AdapterXLTError(f"cannot write {place}: {os.strerror(number)}", hint=_HINTS[number])


@contextmanager
def writing(path: Path | str, *, surely: bool = True) -> Iterator[None]:
    """Turn errors in writing into one that says where, why, and what to do.

    Args: as of `cannot_write`.

    Raises:
        AdapterXLTError: the disk is full, the file too large, the folder write-protected, ...
    """
    try:
        yield
    except Exception as error:
        if (told := cannot_write(path, error, surely=surely)) is not None:
            raise told from error
        raise


def check_folder(folder: Path) -> None:
    """Check before any work that a folder can be written, or made; nothing is left behind.

    Raises:
        AdapterXLTError: it cannot; the error says why and what to do.
    """
    place = folder
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    if place.is_symlink() and not place.exists():
        raise AdapterXLTError(
            f"cannot write {folder}: {place} is a link that leads nowhere",
            hint="remove the link, or choose another folder",
        )
    with writing(folder):
        try:
            if not place.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            with tempfile.TemporaryFile(dir=place):
                pass
        except OSError as error:  # name the folder instead of the file that was tried
            raise OSError(error.errno, error.strerror, str(folder)) from error


@contextmanager
def writing_folder(folder: Path, what: str) -> Iterator[None]:
    """Make a folder, and remove it again if writing into it fails in any way.

    Args:
        folder: a folder that holds only what is being written.
        what: what is being written, for the message.

    Raises:
        AdapterXLTError: the disk is full, or a file larger than it may be.
    """
    try:
        with writing(f"{what} to `{folder.parent}`", surely=False):
            folder.mkdir(parents=True, exist_ok=True)
            yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
