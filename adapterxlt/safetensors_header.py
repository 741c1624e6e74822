"""Reads the header of a safetensors file. No torch.

Format: 8 bytes little-endian header length, a JSON header, the tensors' bytes. Nothing is taken
from a header before it is compared with the size of the file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from adapterxlt.lfs import FETCH, POINTER, is_pointer

MAX_HEADER = 50_000_000  # bytes; the format itself allows 100 MB


@dataclass(frozen=True)
class Header:
    """What a header says.

    Args:
        start: where the tensors' bytes begin in the file.
        held: how many bytes of tensors the file holds.
        entries: type, shape and place of each tensor by its name, as they are written there.
        metadata: what else is written there; anything, in a file of a stranger.
    """

    start: int
    held: int
    entries: Mapping[str, Any]
    metadata: object


def read_header(
    stream: IO[bytes],
    size: int,
    *,
    most: int = MAX_HEADER,
    parse: Callable[[bytes], object] = json.loads,
) -> Header:
    """Read the header of the file at whose start the stream is; the tensors follow.

    Args:
        size: bytes of the whole file.
        most: bytes of a header at most.
        parse: reads its JSON.

    Raises:
        ValueError: the file is cut off or is not safetensors; the message says which.
    """
    length = int.from_bytes(stream.read(8), "little")
    if size < 10 or length > size - 8 or length > most:
        raise ValueError("is cut off or is not a safetensors file")
    try:
        entries = parse(stream.read(length))
    except (ValueError, RecursionError):
        raise ValueError("has a damaged safetensors header") from None
    if not isinstance(entries, dict):
        raise ValueError("has a damaged safetensors header")
    metadata = entries.pop("__metadata__", {})
    return Header(8 + length, size - 8 - length, entries, metadata)


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return tensor name -> shape.

    Raises:
        ValueError: the file is cut off or is not safetensors; the message says which.
        OSError: the file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        if is_pointer(file.read(50), size):
            raise ValueError(f"{POINTER}; {FETCH}")
        file.seek(0)
        header = read_header(file, size)
    try:
        entries = header.entries
        shapes = {name: tuple(int(n) for n in entry["shape"]) for name, entry in entries.items()}
        end = max((int(entry["data_offsets"][1]) for entry in entries.values()), default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError):
        raise ValueError("has a damaged safetensors header") from None
    if end != header.held:
        raise ValueError(f"is cut off: it has {size} bytes instead of {header.start + end}")
    return shapes
