"""Checks which files an artifact contains, and that they are what their names say. No torch.

The content decides, not the name: a pickle called `adapter.safetensors` is refused.

An artifact has at most MAX_FILES files of MAX_TOTAL bytes together; one that says to have more is
refused before anything is read or written. Weights are read in blocks, text is small, and so
checking takes at most MAX_MEMORY bytes of memory more than the program itself takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import IO

import numpy as np

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.sharing.strict_json import parse
from adapterxlt.sharing.tensor_files import tensor_hashes
from adapterxlt.store.manifest import MANIFEST_NAME, SIGNATURE_NAME

MAX_FILES = 1000
MAX_TOTAL = 64 << 30  # bytes of all files
MAX_TEXT = 4 << 20  # bytes of a JSON file or a card
MAX_MEMORY = 512 << 20  # bytes
MAX_DEPTH = 4
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,119}")
_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")
SUFFIXES = (".safetensors", ".json", ".md", ".u64", ".sig")
# First bytes of what could be mistaken for data, and is not.
_MAGIC = {
    b"PK\x03\x04": "a zip archive, as PyTorch's pickles are",
    b"\x1f\x8b": "compressed",
    b"BZh": "compressed",
    b"\xfd7zXZ": "compressed",
    b"\x28\xb5\x2f\xfd": "compressed",
    b"\x93NUMPY": "a NumPy file",
    b"\x89HDF": "an HDF5 file",
    b"\x7fELF": "a program",
    b"#!": "a program",
}
_PICKLE = re.compile(rb"\x80[\x02-\x05]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def check_names(names: Iterable[str], suffixes: tuple[str, ...] = SUFFIXES) -> None:
    """Check relative paths before any of them is used.

    Args:
        suffixes: those that a name may end with.

    Raises:
        InvalidArtifactError: one leaves the folder, cannot be written on every system, is of a
            kind that no artifact holds, or there are two that some systems take for the same.
    """
    seen: dict[str, str] = {}
    folders: dict[str, str] = {}
    for count, name in enumerate(names, start=1):
        if count > MAX_FILES:
            raise InvalidArtifactError(f"it exceeds the limit of {MAX_FILES} files")
        parts = name.split("/")
        for part in parts:
            bad = not _PART.fullmatch(part) or part.endswith(".") or _WINDOWS.fullmatch(part)
            if bad or len(parts) > MAX_DEPTH:
                raise InvalidArtifactError(
                    f"`{_shown(name)}` is not a valid name for a file of an artifact"
                )
        if len(parts) > 1 and parts[-1] in (MANIFEST_NAME, SIGNATURE_NAME):
            raise InvalidArtifactError(f"`{_shown(name)}` would be an artifact inside an artifact")
        if not name.endswith(suffixes):
            raise InvalidArtifactError(
                f"`{_shown(name)}` has a type that artifacts cannot contain",
                hint=f"only these are allowed: {', '.join(suffixes)}",
            )
        other = seen.setdefault(name.casefold(), name)
        if other is not name:
            raise InvalidArtifactError(f"`{_shown(other)}` and `{_shown(name)}` are the same name")
        for depth in range(1, len(parts)):
            folder = "/".join(parts[:depth])
            if folders.setdefault(folder.casefold(), folder) != folder:
                raise InvalidArtifactError(f"`{_shown(folder)}` occurs in two spellings")
    for folder in folders:
        if folder in seen:
            raise InvalidArtifactError(f"`{_shown(folder)}` is both a file and a folder")


def check_content(stream: IO[bytes], name: str, size: int, where: str) -> dict[str, str]:
    """Check that a file is what its name says; returns the tensor hashes of a safetensors file.

    Args:
        stream: at the file's first byte.

    Raises:
        InvalidArtifactError: it is not.
    """
    refuse_by_start(stream, name, size, where)
    if name.endswith(".safetensors"):
        return tensor_hashes(stream, size, where)
    if name.endswith(".u64"):
        _check_hashes(stream, size, where)
        return {}
    if size > MAX_TEXT:
        raise InvalidArtifactError(f"{where}: its size of {size} bytes exceeds the limit")
    try:
        text = stream.read(size).decode("utf-8")
        if name.endswith(".json") and not isinstance(parse(text), dict):
            raise ValueError("it is not a JSON object")
    except ValueError as error:
        kind = "JSON" if name.endswith(".json") else "UTF-8 text"
        raise InvalidArtifactError(f"{where}: is not {kind}: {str(error)[:200]}") from None
    if _CONTROL.search(text):
        raise InvalidArtifactError(f"{where}: holds control characters")
    return {}


def refuse_by_start(stream: IO[bytes], name: str, size: int, where: str) -> None:
    """Refuse pickles, archives and programs by their first bytes; the stream stays where it is.

    Raises:
        InvalidArtifactError: it is one.
    """
    start = stream.read(8)
    stream.seek(-len(start), 1)
    for magic, what in _MAGIC.items():
        if start.startswith(magic):
            raise InvalidArtifactError(f"{where}: is {what}, which artifacts cannot contain")
    if _PICKLE.match(start) and not name.endswith(".u64") and not _header_length(start, size):
        raise InvalidArtifactError(
            f"{where}: is a pickle, which can run code when it is read",
            hint="only safetensors weights are read",
        )


def _header_length(start: bytes, size: int) -> bool:
    """Whether eight bytes can be the length of a safetensors header."""
    return len(start) == 8 and int.from_bytes(start, "little") < size


def _check_hashes(stream: IO[bytes], size: int, where: str) -> None:
    """Text hashes are 64-bit numbers that rise."""
    if size % 8:
        raise InvalidArtifactError(f"{where}: does not hold text hashes")
    last = -1
    while size:
        block = stream.read(min(size, 1 << 20))
        if not block:
            raise InvalidArtifactError(f"{where}: is cut off")
        size -= len(block)
        numbers = np.frombuffer(block, dtype="<u8")
        if int(numbers[0]) <= last or not bool((numbers[1:] > numbers[:-1]).all()):
            raise InvalidArtifactError(f"{where}: does not hold text hashes")
        last = int(numbers[-1])


def _shown(name: str) -> str:
    """A name from a stranger, made safe for a terminal."""
    return repr(name[:100])[1:-1]
