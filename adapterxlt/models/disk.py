"""What happens when the disk is full: no half-written files, and a message that helps."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from adapterxlt.errors import AdapterXLTError

_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def writing(folder: Path, what: str) -> Iterator[None]:
    """Remove `folder` again if writing into it fails in any way.

    Args:
        folder: a folder that holds nothing but what is being written.
        what: what is being written, for the message.

    Raises:
        AdapterXLTError: the disk or quota is full.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if _disk_full(error):
            raise AdapterXLTError(
                f"no space left on the disk while writing {what} to `{folder.parent}`",
                hint="free some space, or choose another disk with --workdir, and run again: "
                "what is finished is kept",
            ) from error
        raise


def _disk_full(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in _FULL
    # safetensors wraps the system's error and keeps only its text.
    return isinstance(error, SafetensorError) and "No space left" in str(error)
