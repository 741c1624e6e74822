"""Vectors of both sides of a mining set: in memory, or on disk if memory is too small."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from adapterxlt.progress import Progress
from adapterxlt.search.arrays import Ids
from adapterxlt.search.rows import ArrayRows, Picked, Rows
from adapterxlt.vectors.encode import Key, encode_grid
from adapterxlt.vectors.names import Pooling
from adapterxlt.vectors.on_disk import encode_to_files
from adapterxlt.vectors.tokens import tokenize

if TYPE_CHECKING:
    from adapterxlt.models.build import Built

FIRST, SECOND = ", first side", ", second side"  # which of two models encodes, for progress bars


@contextmanager
def encoded_sides(
    built: Built,
    sides: Sequence[Sequence[str]],
    *,
    layers: Sequence[int],
    poolings: Sequence[Pooling],
    max_length: int,
    token_budget: int,
    memory: int,
    work: Path | None,
    progress: Progress,
    label: str,
) -> Iterator[Iterator[tuple[Key, list[Rows]]]]:
    """Yield each (layer, pooling) with the vectors of every side, all from one forward pass.

    The vectors are the same bytes in memory and on disk.

    Args:
        built: a model in evaluation mode.
        sides: the texts of each side; a text that several sides share is encoded once.
        layers: hidden states to pool.
        poolings: ways to pool them.
        max_length: tokens per text at most.
        token_budget: padded tokens at most in one forward pass.
        memory: bytes of vectors that may be in memory; larger sets go to disk.
        work: folder for vectors on disk; an interrupted call continues from it, and it is empty
            again at the end. None: a temporary folder.
        progress: told after every batch.
        label: what the progress bar says.

    Raises:
        OSError: the disk is full.
    """
    numbers: dict[str, int] = {}
    ids = [
        np.array([numbers.setdefault(text, len(numbers)) for text in side], dtype=np.int64)
        for side in sides
    ]
    keys = [(layer, pooling) for layer in layers for pooling in poolings]
    if 4 * len(numbers) * len(keys) * int(built.model.config.hidden_size) <= memory:
        grid = encode_grid(
            built,
            list(numbers),
            layers=layers,
            poolings=poolings,
            max_length=max_length,
            token_budget=token_budget,
            progress=progress,
            label=label,
        )
        yield ((key, _picked(ArrayRows(grid.pop(key)), ids)) for key in keys)
        return
    with ExitStack() as stack:
        folder = work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        files = encode_to_files(
            built,
            tokenize(built, numbers, max_length),
            folder,
            keys=keys,
            token_budget=token_budget,
            progress=progress,
            label=label,
        )
        yield ((key, _picked(files[key], ids)) for key in keys)
        shutil.rmtree(files[keys[0]].path.parent)


@contextmanager
def encoded_by(
    built: Built,
    other: Built | None,
    sides: Sequence[Sequence[str]],
    *,
    work: Path | None,
    label: str,
    **settings: Any,
) -> Iterator[Iterator[tuple[Key, list[Rows]]]]:
    """Do as `encoded_sides` for two sides; another model, if given, encodes the second one."""
    if other is None:
        with encoded_sides(built, sides, work=work, label=label, **settings) as vectors:
            yield vectors
        return
    places = [None if work is None else work / name for name in ("first", "second")]
    labels = [label + side for side in (FIRST, SECOND)]
    with (
        encoded_sides(built, sides[:1], work=places[0], label=labels[0], **settings) as first,
        encoded_sides(other, sides[1:], work=places[1], label=labels[1], **settings) as second,
    ):
        yield ((key, [*one, *two]) for (key, one), (_, two) in zip(first, second, strict=True))


def _picked(rows: Rows, ids: Sequence[Ids]) -> list[Rows]:
    return [Picked(rows, side) for side in ids]
