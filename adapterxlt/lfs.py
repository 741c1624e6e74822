"""Git LFS pointers, which a clone without Git LFS has instead of the real files."""

from __future__ import annotations

POINTER = "is a Git LFS pointer instead of the real file"
FETCH = "run `git lfs pull` in the clone to fetch the files"
_START = b"version https://git-lfs.github.com/spec/"
_BYTES = 1024  # a pointer has about 130


def is_pointer(start: bytes, size: int) -> bool:
    """Whether a file is one, by its first bytes (50 are enough) and its size."""
    return size <= _BYTES and start.startswith(_START)
