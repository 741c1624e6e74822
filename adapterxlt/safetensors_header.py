"""Shapes of the tensors in a safetensors file, read from its header alone. No torch.

Format: 8 bytes little-endian header length, a JSON header, the tensors' bytes.
"""

from __future__ import annotations

import json
from pathlib import Path

from adapterxlt.lfs import FETCH, POINTER, is_pointer

MAX_HEADER = 50_000_000  # bytes; the format itself allows 100 MB


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return tensor name -> shape.

    Raises:
        ValueError: the file is cut off or is not safetensors; the message says which.
        OSError: the file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(50)
        if is_pointer(start, size):
            raise ValueError(f"{POINTER}; {FETCH}")
        file.seek(8)
        length = int.from_bytes(start[:8], "little")
        if size < 10 or length > size - 8 or length > MAX_HEADER:
            raise ValueError("is cut off or is not a safetensors file")
        text = file.read(length)
    try:
        header = json.loads(text)
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        shapes = {name: tuple(int(n) for n in entry["shape"]) for name, entry in entries.items()}
        end = max((int(entry["data_offsets"][1]) for entry in entries.values()), default=0)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError):
        raise ValueError("has a damaged safetensors header") from None
    if end != size - 8 - length:
        raise ValueError(f"is cut off: {size} bytes instead of {8 + length + end}")
    return shapes
