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
# Folders in it; whatever else lies there is the user's.
VECTORS, TEXTS = ".vectors", ".texts"


@contextmanager
def held(folder: Path, progress: Progress, *, keep: bool) -> Iterator[Path]:
    """Hold a work folder; another run with the same one waits, and is told so.

    Args:
        folder: made if it is not there.
        progress: told if another run holds it.
        keep: leave what is in it when all is done; after a failure it always stays.
    """
    lock = _locked(folder, progress)
    try:
        for name in (VECTORS, TEXTS):
            (folder / name).mkdir(exist_ok=True)
        yield folder
        shutil.rmtree(folder / TEXTS, ignore_errors=True)  # read again each time
        if not keep:
            shutil.rmtree(folder / VECTORS, ignore_errors=True)
            Path(lock.lock_file).unlink(missing_ok=True)  # who waits for it then makes a new one
            with suppress(OSError):  # something of the user's is in it
                folder.rmdir()
    finally:
        lock.release()


def check_inputs(folder: Path, inputs: Iterable[Path]) -> None:
    """Refuse inputs that lie where the work folder's own files are written and removed.

    Raises:
        UsageError: one does.
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
        lock.release()  # of a file that whoever held it has removed
