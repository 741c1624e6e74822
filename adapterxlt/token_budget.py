"""Limits the padded tokens of a forward pass, and lowers the limit if memory runs out.

Losses are sums over inputs and outputs are one per input, so smaller passes give the same result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

import torch
from torch import Tensor

from adapterxlt.errors import AdapterXLTError

T = TypeVar("T")
R = TypeVar("R")

# What a pass of more tokens works on does not fit into a processor's cache, and fewer leave it
# waiting for Python: 8,192 take 1.3 to 1.4 times as long. Whatever the number of threads: what is
# computed must not depend on it.
ENOUGH_FOR_A_CPU = 1024


def quickest(tokens: int, device: torch.device) -> int:
    """The padded tokens of a pass without gradients: as many as allowed, or as do a CPU good.

    Args:
        tokens: allowed at most.
        device: where it is computed.
    """
    return min(tokens, ENOUGH_FOR_A_CPU) if device.type == "cpu" else tokens


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a device had too little memory.

    What torch allocates fails with a `torch.OutOfMemoryError`. What CUDA's libraries allocate for
    themselves fails with other errors, which are told apart by their text only.

    Example:
        >>> is_out_of_memory(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when ..."))
        True
    """
    if isinstance(error, torch.OutOfMemoryError):
        return True
    # cuBLAS gives the last one if it cannot have memory when it begins.
    signs = ("CUDA error: out of memory", "STATUS_ALLOC_FAILED", "CUBLAS_STATUS_NOT_INITIALIZED")
    return any(sign in str(error) for sign in signs)


class Budget:
    """The most padded tokens of a pass.

    Args:
        tokens: at the beginning; an input that is longer has a pass of its own.
        log: told when it is halved.
    """

    def __init__(self, tokens: int, log: Callable[[str], None]) -> None:
        self.tokens = tokens
        self.halved = False
        self._log = log

    def halve(self, tokens: int, inputs: int, device: torch.device) -> None:
        """A pass of so many tokens did not fit into the memory of the device.

        Raises:
            AdapterXLTError: it held a single input.
        """
        if inputs < 2:
            raise AdapterXLTError(
                f"`{device}` has too little memory for a single input of {tokens} tokens",
                hint="lower max_length, or choose a device with more memory",
            )
        self.tokens, self.halved = max(1, min(self.tokens, tokens) // 2), True
        if device.type == "cuda":
            torch.cuda.empty_cache()
        self._log(
            f"`{device}` has too little memory for {tokens} tokens at a time; continuing with "
            f"{self.tokens}"
        )

    def passes(
        self,
        batch: Sequence[T],
        width: Callable[[Sequence[T]], int],
        run: Callable[[Sequence[T]], R],
        device: torch.device,
    ) -> Iterator[tuple[Sequence[T], R]]:
        """A batch in one pass, or in as many as memory wants: each part with what `run` gives.

        Args:
            batch: inputs.
            width: the padded tokens of one of several inputs.
            run: passes inputs through the model.
        """
        waiting = [batch]
        while waiting:
            part = waiting.pop(0)
            tokens = len(part) * width(part)
            if self.halved and tokens > self.tokens and len(part) > 1:
                half = -(-len(part) // 2)
                waiting[:0] = [part[:half], part[half:]]
                continue
            try:
                found = run(part)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            else:
                yield part, found
                continue
            # Only now, as the error holds what was computed so far.
            self.halve(tokens, len(part), device)
            waiting.insert(0, part)


def cut(pieces: Sequence[Mapping[str, Tensor]], budget: Budget) -> list[Mapping[str, Tensor]]:
    """Collated inputs as they are or, once the budget is halved, in smaller pieces."""
    if not budget.halved:
        return list(pieces)
    return [part for piece in pieces for part in _parts(piece, budget.tokens)]


def _parts(piece: Mapping[str, Tensor], tokens: int) -> Iterator[Mapping[str, Tensor]]:
    ids = piece["input_ids"]
    inputs = max(1, tokens * len(ids) // ids.numel())
    for first in range(0, len(ids), inputs):
        yield {key: tensor[first : first + inputs] for key, tensor in piece.items()}
