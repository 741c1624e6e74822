"""Groups inputs of similar length into batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# How much a length is changed at random before sorting. It is enough that an example's neighbours
# differ between epochs, and so little that padding stays near 1 %.
BLUR = 0.03


def length_batches(
    lengths: Sequence[int], batch_size: int, *, seed: int, epoch: int
) -> list[list[int]]:
    """Return the batches of one training epoch: each index once, near-equal lengths together.

    Lengths are changed at random by up to 3 %, sorted and cut every `batch_size`. If the number of
    examples is not a multiple of it, one batch at a random place is smaller. The batches are then
    shuffled, so that training does not go from short to long. Only the very first is the longest:
    if it does not fit into memory, training fails at once, and memory does not grow later. The
    same arguments give the same batches.
    """
    if not lengths:
        return []
    rng = np.random.default_rng([seed, epoch])
    blurred = np.asarray(lengths) * (1 + BLUR * rng.random(len(lengths)))
    # Equal lengths must not keep their order either; the random change removes all ties.
    order = np.argsort(blurred, kind="stable").tolist()
    full, rest = divmod(len(order), batch_size)
    sizes = [batch_size] * full
    if rest:
        sizes.insert(int(rng.integers(full + 1)), rest)
    ends = np.cumsum(sizes).tolist()
    batches = [order[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    shuffled = [batches[i] for i in rng.permutation(len(batches))]
    if epoch == 0:
        first = shuffled.index(max(batches, key=lambda batch: max(lengths[i] for i in batch)))
        shuffled[0], shuffled[first] = shuffled[first], shuffled[0]
    return shuffled


def budget_batches(lengths: Sequence[int], token_budget: int) -> list[list[int]]:
    """Return the batches for inference, each with at most `token_budget` padded tokens.

    An input that is longer than the budget gets a batch of its own. The longest come first, so that
    a run that does not fit into memory fails at once and not at its end.
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    batches: list[list[int]] = []
    for index in order:
        if batches and (len(batches[-1]) + 1) * lengths[batches[-1][0]] <= token_budget:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches
