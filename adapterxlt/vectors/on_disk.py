"""Vectors on disk: written by block, resumed after a kill, read without filling memory."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from adapterxlt.errors import AdapterXLTError, MissingDataError
from adapterxlt.progress import Progress
from adapterxlt.search.arrays import Floats
from adapterxlt.store.files import write_json
from adapterxlt.token_budget import Budget
from adapterxlt.vectors import tokens as batching
from adapterxlt.vectors.encode import Key, encode_batches
from adapterxlt.vectors.identity import model_hash
from adapterxlt.vectors.tokens import Tokens, sorted_blocks

if TYPE_CHECKING:
    from adapterxlt.models.build import Built

Precision = Literal["float32", "float16"]


@dataclass(frozen=True)
class VectorFile:
    """A .npy file of vectors [n, dim].

    It is mapped only while a block is read, so that earlier blocks do not count as this process's
    memory.
    """

    path: Path
    shape: tuple[int, int]

    @classmethod
    def open(cls, path: Path) -> VectorFile:
        """Open a .npy file written by anyone.

        Raises:
            MissingDataError: it is not a .npy file of float16, float32 or float64 [n, dim].
        """
        try:
            array = np.load(path, mmap_mode="r")
        except (OSError, ValueError, EOFError) as error:
            reason = getattr(error, "strerror", None) or "it is not a .npy file of numbers"
            raise MissingDataError(
                f"{path}: cannot be read as vectors: {reason}",
                hint="write an array of floats with numpy.save, one row per sentence",
            ) from error
        if not isinstance(array, np.ndarray) or array.ndim != 2 or array.dtype.kind != "f":
            found = f"{getattr(array, 'dtype', '?')} {getattr(array, 'shape', '')}"
            raise MissingDataError(f"{path}: expected floats [sentences, dimensions], not {found}")
        if not array.size:
            raise MissingDataError(
                f"{path}: does not contain any vectors; its shape is {array.shape}"
            )
        return cls(path, (array.shape[0], array.shape[1]))

    def __len__(self) -> int:
        return self.shape[0]

    def block(self, start: int, stop: int) -> Floats:
        """Rows `start` to `stop` as float32."""
        mapped = np.load(self.path, mmap_mode="r")
        return np.array(mapped[start:stop], dtype=np.float32, order="C")

    def whole(self) -> Floats:
        """Return all rows as float32, checked, as files of others may hold anything.

        Raises:
            AdapterXLTError: a value is NaN, infinite, or too large for single precision.
        """
        given = np.load(self.path, mmap_mode="r")
        with np.errstate(over="ignore"):
            vectors = np.array(given, dtype=np.float32, order="C")
        bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if len(bad) and not np.isfinite(given[bad[0]]).all():
            raise AdapterXLTError(
                f"{self.path}: {len(bad)} of {len(self)} vectors hold NaN or infinity, first in "
                f"row {bad[0] + 1}",
                hint="the model that made them has diverged, or its precision is too low",
            )
        lost = np.flatnonzero(~vectors.any(axis=1))
        bad = bad if len(bad) else lost[given[lost].any(axis=1)]
        if len(bad):
            raise AdapterXLTError(
                f"{self.path}: row {bad[0] + 1} has numbers too large or too small for float32",
                hint="scale the vectors, for example to length 1",
            )
        return vectors

    def rows(self, ids: np.ndarray) -> Floats:
        """The rows of these numbers as float32."""
        mapped = np.load(self.path, mmap_mode="r")
        return np.array(mapped[ids], dtype=np.float32, order="C")


def encode_to_files(
    built: Built,
    tokens: Tokens,
    folder: Path,
    *,
    keys: Sequence[Key],
    token_budget: int,
    progress: Progress,
    precision: Precision = "float32",
    label: str = "encoding",
) -> dict[Key, VectorFile]:
    """Encode texts into one .npy file for each (layer, pooling), in one pass.

    Files lie in a folder of their own. Its name depends on the model, the token ids and everything
    else that changes vectors, so another model or text never finds them. An interrupted run
    continues after its last complete block of sentences. float32 vectors are the same bytes as
    those of `encode.encode_grid`.

    Args:
        built: a model in evaluation mode.
        tokens: the tokens of the texts. Row i of the files is text i; equal texts are encoded once.
        folder: parent of the folder.
        keys: the layers and poolings of the vectors.
        token_budget: padded tokens at most in one forward pass.
        progress: told after every batch.
        precision: the precision of the files; float16 halves their size.
        label: what the progress bar says.

    Raises:
        OSError: the disk is full; raised before anything is encoded, and no file remains.
    """
    identity = {
        "model": model_hash(built),
        "tokens": _token_hash(tokens),
        "keys": [[layer, pooling] for layer, pooling in keys],
        "precision": precision,
        # Vectors differ in their last bits with the batch they are computed in.
        "token_budget": token_budget,
        "block": batching.BLOCK,
        "version": 2,
    }
    name = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:24]
    place = folder / name
    place.mkdir(parents=True, exist_ok=True)
    state = place / "state.json"
    shape = (len(tokens), int(built.model.config.hidden_size))
    files = {key: VectorFile(place / f"{key[0]}-{key[1]}.npy", shape) for key in keys}
    done = _done(state, files)
    if not done:
        for file in files.values():
            _allocate(file, precision)
    distinct, number = tokens.distinct()
    # The rows of distinct text i: order[starts[i] : starts[i + 1]].
    order, counts = np.argsort(number, kind="stable"), np.bincount(number)
    starts = np.cumsum([0, *counts])
    blocks = sorted_blocks(distinct.lengths, token_budget)
    budget = Budget(token_budget, progress.log)
    encoded = sum(int(counts[batch].sum()) for batch in chain.from_iterable(blocks[:done]))
    with progress.bar(label, len(tokens), done=encoded, unit="sentences") as bar:
        for block, batches in enumerate(blocks[done:], start=done + 1):
            mapped = {key: np.load(file.path, mmap_mode="r+") for key, file in files.items()}
            for batch, pooled in encode_batches(built, distinct, batches, keys, budget):
                rows = np.concatenate([order[starts[i] : starts[i + 1]] for i in batch])
                source = np.repeat(np.arange(len(batch)), counts[batch])
                for key, vectors in pooled.items():
                    _check(vectors, key)
                    mapped[key][rows] = vectors[source]
                bar.advance(len(rows))
            for array in mapped.values():
                array.flush()
            write_json(state, {"blocks": block, **identity})
    return files


def _token_hash(tokens: Tokens) -> str:
    digest = hashlib.sha256(np.ascontiguousarray(tokens.offsets).tobytes())
    digest.update(np.ascontiguousarray(tokens.flat).tobytes())
    return digest.hexdigest()


def _done(state: Path, files: dict[Key, VectorFile]) -> int:
    """Blocks that an earlier run finished."""
    try:
        blocks = int(json.loads(state.read_text(encoding="utf-8"))["blocks"])
        opened = [VectorFile.open(file.path).shape == file.shape for file in files.values()]
    except (OSError, ValueError, KeyError, AdapterXLTError):
        return 0
    return blocks if all(opened) else 0


def _allocate(file: VectorFile, precision: Precision) -> None:
    # A full disk must raise an error here: a mapped file with holes would kill the process later.
    try:
        mapped = np.lib.format.open_memmap(file.path, mode="w+", dtype=precision, shape=file.shape)
        mapped.flush()
        del mapped
        if hasattr(os, "posix_fallocate"):
            with file.path.open("r+b") as stream:
                os.posix_fallocate(stream.fileno(), 0, file.path.stat().st_size)
    except OSError as error:
        file.path.unlink(missing_ok=True)
        raise OSError(error.errno, error.strerror, str(file.path)) from error


def _check(vectors: Floats, key: Key) -> None:
    if not np.isfinite(vectors).all():
        raise AdapterXLTError(
            f"the model gives NaN or infinity at layer {key[0]} ({key[1]})",
            hint="it has diverged in training, or its precision is too low",
        )
