"""One-sentence errors for files that cannot be written."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from adapterxlt.errors import AdapterXLTError, UsageError

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
# Those of a path that cannot be written anywhere: another one must be named.
_OF_NAMES = (errno.ENOTDIR, errno.EEXIST, errno.EISDIR, errno.ENAMETOOLONG, errno.ELOOP)
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
    kind = UsageError if number in _OF_NAMES else AdapterXLTError
    return kind(f"cannot write {place}: {os.strerror(number)}", hint=_HINTS[number])


@contextmanager
def writing(path: Path | str, *, surely: bool = True) -> Iterator[None]:
    """Turn errors in writing into one that says where, why, and what to do.

    Args: as of `cannot_write`.

    Raises:
        UsageError: the path cannot be written, as a part of it is a file, say.
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
        UsageError: it is a file, below one, a broken link, or has too long a name.
        AdapterXLTError: it cannot be written for another reason.
    """
    try:
        try_folder(folder, folder)
    except OSError as error:
        told = cannot_write(folder, error, surely=True)
        raise told or AdapterXLTError(
            f"cannot write {folder}: {error.strerror}", hint="choose another folder"
        ) from error


def try_folder(folder: Path, shown: Path) -> None:
    """Make a file in a folder, or in the nearest one above it, and remove it again.

    Args:
        shown: what the user named, for the error.

    Raises:
        UsageError: the folder is a broken link, or below one.
        OSError: it cannot be written.
    """
    place = folder
    while not os.path.lexists(place) and place != place.parent:
        place = place.parent
    if place.is_symlink() and not place.exists():
        raise UsageError(
            f"cannot write {shown}: {place} is a link that leads nowhere",
            hint="remove the link, or choose another folder",
        )
    try:
        with suppress(FileNotFoundError):
            folder.lstat()  # says of a name that is too long, or below a file
        if not place.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(shown)) from error


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
