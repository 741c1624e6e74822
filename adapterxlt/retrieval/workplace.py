"""The work folder of mining, which survives interruptions and serves one run at a time."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from adapterxlt.errors import UsageError
from adapterxlt.progress import Progress
from adapterxlt.store.disk import writing

_LOCK = ".lock"
# The folders in it; everything else there belongs to the user.
VECTORS, TEXTS = ".vectors", ".texts"


@contextmanager
def held(folder: Path, progress: Progress, *, keep: bool) -> Iterator[Path]:
    """Hold a work folder, so that another run with the same folder waits and says so.

    Args:
        folder: the folder; created if it does not exist.
        progress: told if another run holds it.
        keep: whether its content stays at the end; after a failure it always stays.
    """
    lock = _locked(folder, progress)
    try:
        for name in (VECTORS, TEXTS):
            (folder / name).mkdir(exist_ok=True)
        yield folder
        shutil.rmtree(folder / TEXTS, ignore_errors=True)  # read again each time
        if not keep:
            shutil.rmtree(folder / VECTORS, ignore_errors=True)
            Path(lock.lock_file).unlink(missing_ok=True)  # a waiting run then creates a new one
            with suppress(OSError):  # it contains files of the user
                folder.rmdir()
    finally:
        lock.release()


def check_inputs(folder: Path, inputs: Iterable[Path]) -> None:
    """Refuse inputs that lie where the work folder's own files are written and removed.

    Raises:
        UsageError: an input lies there.
    """
    for name in (VECTORS, TEXTS):
        for path in inputs:
            if path.resolve().is_relative_to((folder / name).resolve()):
                raise UsageError(
                    f"{path}: is in {folder / name}, which is reserved for the work folder",
                    hint="move the file, or choose another --workdir",
                )


def _locked(folder: Path, progress: Progress) -> FileLock:
    told = False
    while True:
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / _LOCK
            lock = FileLock(path)
            try:
                lock.acquire(timeout=0 if not told else -1)
            except Timeout:
                progress.log(f"{folder}: waiting for another run that works here")
                told = True
                continue
            except FileNotFoundError:
                continue  # the folder was removed in between
        if path.exists():
            return lock
        lock.release()  # the previous holder has removed this file
