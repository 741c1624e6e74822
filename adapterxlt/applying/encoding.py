"""Turns sentences as users give them into vectors of one layer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, get_args

import numpy as np

from adapterxlt.arguments import check_number, check_text
from adapterxlt.errors import UsageError
from adapterxlt.kinds.given import text_of
from adapterxlt.progress import Progress
from adapterxlt.search.arrays import Floats
from adapterxlt.show import brief
from adapterxlt.suggest import suggest
from adapterxlt.vectors.names import Pooling

if TYPE_CHECKING:
    from adapterxlt.models.build import Built

POOLINGS: tuple[str, ...] = get_args(Pooling)


def check_pooling(pooling: str, max_length: int) -> None:
    """Check the pooling and the maximum length.

    Raises:
        UsageError: the pooling does not exist, or inputs would be empty.
    """
    check_number(max_length, "max_length")
    if pooling not in POOLINGS:
        check_text(pooling, "pooling")
        raise UsageError(f"`{pooling}` is not a pooling", hint=suggest(pooling, POOLINGS))
    if max_length < 3:
        raise UsageError(f"max_length: {max_length} subwords are too few for a sentence")


def layer_of(layer: int | None, depth: int, backbone: str) -> int:
    """The number of a layer: None means the last one, and negative numbers count from the end.

    Raises:
        UsageError: the encoder does not have this layer.
    """
    if layer is not None:
        check_number(layer, "layer")
    chosen = depth if layer is None else layer
    if chosen < 0:
        chosen += depth + 1
    if not 0 <= chosen <= depth:
        raise UsageError(f"`{backbone}` has no layer {layer}", hint=f"it has layers 0 to {depth}")
    return chosen


def texts_among(sentences: Iterable[object]) -> list[str]:
    """The sentences.

    Raises:
        UsageError: one of them is not a text; the message says which.
    """
    if not isinstance(sentences, Iterable):
        raise UsageError(f"sentences: must be a text or texts, not {brief(repr(sentences))}")
    try:
        return [text_of(each, f"sentence {number}") for number, each in enumerate(sentences)]
    except ValueError as error:
        raise UsageError(str(error)) from None


def vectors_of(
    built: Built,
    texts: list[str],
    *,
    layer: int,
    pooling: Pooling,
    max_length: int,
    token_budget: int,
    progress: Progress,
    prefix: str | None,
) -> Floats:
    """Vectors [texts, width]; see `vectors.encode.encode_grid`."""
    from adapterxlt.vectors.encode import encode_grid

    if not texts:
        return np.empty((0, built.backbone.hidden_size), dtype=np.float32)
    grid = encode_grid(
        built,
        texts,
        layers=[layer],
        poolings=[pooling],
        max_length=max_length,
        token_budget=token_budget,
        progress=progress,
        prefix=prefix,
    )
    return grid[layer, pooling]
