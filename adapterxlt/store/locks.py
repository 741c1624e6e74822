"""Locks on disks that many machines share: waiting for one, and whether a disk has real ones.

Where a file system has no flock, filelock takes a file that exists for a lock. If its holder dies,
only processes of the same machine see that, and those of others would wait for ever.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import BaseFileLock, Timeout

FIRST, AGAIN = 600.0, 3600.0  # seconds until a wait is told, and then between two messages


def acquire(lock: BaseFileLock, say: Callable[[str], None]) -> None:
    """Wait for a lock; if that takes long, say now and then for which file, and who holds it."""
    patience = FIRST
    while True:
        try:
            lock.acquire(timeout=patience)
            return
        except Timeout:
            say(_told(Path(lock.lock_file)))
            patience = AGAIN


def has_flock(folder: Path) -> bool:
    """Whether the file system of a folder has locks that end with their process.

    Windows always has.

    Raises:
        OSError: the folder cannot be written.
    """
    try:
        import fcntl
    except ImportError:
        return True
    with tempfile.TemporaryFile(dir=folder) as probe:
        try:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _told(path: Path) -> str:
    holder = _holder(path)
    if holder is None:
        return f"still waiting for {path}, which another process has locked"
    process, host = holder
    return (
        f"still waiting for {path}, which process {process} on {host} has locked; remove this file "
        "if that process is gone"
    )


def _holder(path: Path) -> tuple[str, str] | None:
    """Process and machine that a lock file tells; None: it tells nothing, as with flock."""
    try:
        process, host, *_ = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    return (process, host) if process.isdigit() and host else None
