"""Processes that train one model together, each on its share of the inputs of every step.

All processes hold the same weights throughout. A step's loss is a sum over its inputs, so the
gradients of the shares add up to that of the whole step, and every process makes the same update.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from adapterxlt.errors import AdapterXLTError
from adapterxlt.training.state import trained_tensors

T = TypeVar("T")

BUCKET = 16 << 20  # numbers added up at once: 64 MB


@dataclass(frozen=True)
class Ranks:
    """One of `size` processes that train together; `rank` is its number, from 0.

    Example:
        >>> Ranks(1, 2).share(["a", "b", "c"])
        ['b']
    """

    rank: int = 0
    size: int = 1

    @property
    def alone(self) -> bool:
        """Whether this is the only process."""
        return self.size == 1

    @property
    def writes(self) -> bool:
        """Whether this process writes the checkpoints and the result."""
        return self.rank == 0

    def share(self, items: Sequence[T]) -> list[T]:
        """Return this process's share of the items of a step."""
        return list(items[self.rank :: self.size])

    def others(self) -> Iterator[Ranks]:
        """The other processes."""
        return (Ranks(rank, self.size) for rank in range(self.size) if rank != self.rank)

    def seed(self, seed: int, step: int) -> None:
        """Give this process random numbers of its own for a step.

        They depend only on the seed, the step and the rank, so one checkpoint serves all processes.
        """
        if not self.alone:
            generator = torch.Generator().manual_seed(seed)
            first = int(torch.randint(2**31, (1,), generator=generator))
            torch.manual_seed(first + step * self.size + self.rank)

    def add_up(self, model: nn.Module, loss: Tensor) -> Tensor:
        """Add up a model's gradients (in place) and the loss over all processes.

        A parameter without a gradient in any process stays without one.
        """
        if self.alone:
            return loss
        parameters = list(trained_tensors(model).values())
        # On the CPU, where a process that is gone is noticed (see `execution.ranks`).
        used = torch.tensor([float(p.grad is not None) for p in parameters])
        dist.all_reduce(used)
        wanted = [p for p, count in zip(parameters, used.tolist(), strict=True) if count]
        for bucket in _buckets(wanted):
            parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in bucket]
            flat = torch.cat([part.flatten() for part in parts])
            dist.all_reduce(flat)
            summed = flat.split([p.numel() for p in bucket])
            for parameter, part in zip(bucket, summed, strict=True):
                parameter.grad = part.view_as(parameter)
        loss = loss.clone()
        dist.all_reduce(loss)
        return loss

    def check_equal(self, model: nn.Module) -> None:
        """Check that all processes have the same weights.

        Raises:
            AdapterXLTError: their weights differ.
        """
        if self.alone:
            return
        trained = trained_tensors(model).values()
        sums = torch.stack([parameter.detach().double().sum() for parameter in trained])
        least, most = sums.clone(), sums.clone()
        dist.all_reduce(least, dist.ReduceOp.MIN)
        dist.all_reduce(most, dist.ReduceOp.MAX)
        if not torch.equal(least, most):
            raise AdapterXLTError(
                f"the {self.size} processes of this training ended with different weights",
                hint="train with `devices: 1`, or use devices of the same kind",
            )


ALONE = Ranks()


def _buckets(parameters: Sequence[nn.Parameter]) -> Iterator[list[nn.Parameter]]:
    bucket: list[nn.Parameter] = []
    for parameter in parameters:
        if bucket and sum(p.numel() for p in bucket) + parameter.numel() > BUCKET:
            yield bucket
            bucket = []
        bucket.append(parameter)
    if bucket:
        yield bucket
