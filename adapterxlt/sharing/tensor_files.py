"""Reads safetensors files that may be hostile: strict headers, tensor hashes, no NaN. No torch.

Nothing is taken from a header before it is compared with the size of the file, and tensors are
read in blocks, so memory stays small whatever a file claims.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass
from typing import IO

import numpy as np

from adapterxlt.errors import InvalidArtifactError
from adapterxlt.safetensors_header import read_header
from adapterxlt.sharing.strict_json import parse
from adapterxlt.show import brief

MAX_HEADER = 4 << 20
MAX_TENSORS = 100_000
MAX_AXES = 8
BLOCK = 1 << 22  # bytes; a multiple of every item size
SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1}
SIZES |= {"BOOL": 1}
_EXPONENT = {"F64": ("<u8", 0x7FF << 52), "F32": ("<u4", 0xFF << 23)}
_EXPONENT |= {"F16": ("<u2", 0x1F << 10), "BF16": ("<u2", 0xFF << 7)}


@dataclass(frozen=True)
class TensorEntry:
    """A tensor in a file: type, shape, and its first and last byte (exclusive) in the data."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def read_entries(stream: IO[bytes], size: int, where: str) -> tuple[int, list[TensorEntry]]:
    """Read the header at the stream's position.

    Args:
        size: bytes of the whole file.
        where: its name, for messages.

    Returns:
        Where the data starts in the file, and the tensors in the order of their data.

    Raises:
        InvalidArtifactError: the header says what the file does not hold.
    """
    try:
        header = read_header(stream, size, most=MAX_HEADER, parse=lambda read: parse(read.decode()))
    except ValueError as error:
        raise InvalidArtifactError(f"{where}: {error}") from None
    if len(header.entries) > MAX_TENSORS:
        raise InvalidArtifactError(f"{where}: has a damaged safetensors header")
    metadata = header.metadata
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise InvalidArtifactError(f"{where}: has damaged metadata")
    entries = [_entry(name, value, where) for name, value in header.entries.items()]
    entries.sort(key=lambda entry: (entry.start, entry.end))
    end = 0
    for entry in entries:
        if entry.start != end:
            raise InvalidArtifactError(
                f"{where}: tensor `{brief(entry.name)}` overlaps another one or leaves a gap"
            )
        end = entry.end
    if end != header.held:
        raise InvalidArtifactError(
            f"{where}: its tensors need {end} bytes, but it has {header.held}"
        )
    return header.start, entries


def tensor_hashes(stream: IO[bytes], size: int, where: str) -> dict[str, str]:
    """Hash every tensor of the safetensors file at the stream's position.

    Raises:
        InvalidArtifactError: it is damaged, or holds NaN or infinite numbers.
    """
    _, entries = read_entries(stream, size, where)
    found = {}
    for entry in entries:
        digest = hashlib.sha256(
            json.dumps([entry.name, entry.dtype, entry.shape]).encode("utf-8") + b"\n"
        )
        left = entry.end - entry.start
        while left:
            block = stream.read(min(left, BLOCK))
            if not block:
                raise InvalidArtifactError(f"{where}: is cut off")
            left -= len(block)
            digest.update(block)
            if entry.dtype in _EXPONENT:
                kind, mask = _EXPONENT[entry.dtype]
                bits = np.frombuffer(block, dtype=kind)
                if bool(((bits & bits.dtype.type(mask)) == bits.dtype.type(mask)).any()):
                    raise InvalidArtifactError(
                        f"{where}: tensor `{brief(entry.name)}` holds NaN or infinite numbers"
                    )
        found[entry.name] = digest.hexdigest()
    return dict(sorted(found.items()))


def _entry(name: str, value: object, where: str) -> TensorEntry:
    problem = InvalidArtifactError(
        f"{where}: the entry of `{brief(name)}` in the header is damaged"
    )
    if not isinstance(value, dict) or set(value) != {"dtype", "shape", "data_offsets"}:
        raise problem
    dtype, shape, offsets = value["dtype"], value["shape"], value["data_offsets"]
    if not isinstance(dtype, str) or dtype not in SIZES:
        raise problem
    if not _naturals(shape) or not _naturals(offsets):
        raise problem
    if len(shape) > MAX_AXES or len(offsets) != 2 or len(name) > 1000:
        raise problem
    if offsets[1] - offsets[0] != math.prod(shape) * SIZES[dtype]:
        raise problem
    return TensorEntry(name, dtype, tuple(shape), offsets[0], offsets[1])


def _naturals(value: object) -> bool:
    return isinstance(value, list) and all(type(n) is int and 0 <= n < 1 << 48 for n in value)
