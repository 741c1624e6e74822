"""A folder of files that is written whole or not at all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adapterxlt.store.disk import cannot_write


@contextmanager
def writing(folder: Path, what: str) -> Iterator[None]:
    """Remove `folder` again if writing into it fails in any way.

    Args:
        folder: a folder that holds nothing but what is being written.
        what: what is being written, for the message.

    Raises:
        AdapterXLTError: the disk is full, or a file larger than it may be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if (told := cannot_write(f"{what} to `{folder.parent}`", error)) is not None:
            raise told from error
        raise
