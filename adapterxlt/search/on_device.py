"""The products of an exact search on a device of torch, such as a GPU, block by block.

What is held of a row may be any of those that its products, in single precision, put first: which
of them are the neighbours, and in which order, is settled afterwards (see `exact`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from adapterxlt.devices import moved
from adapterxlt.errors import AdapterXLTError
from adapterxlt.search.best import Best
from adapterxlt.search.rows import Rows

if TYPE_CHECKING:
    import torch

# Sides of a block of products: 256 MiB of them.
ROWS = 1 << 14
COLUMNS = 1 << 12
_SPARE = 2 << 30  # bytes of a GPU that are left for blocks, where the target stays on it


def look_on(
    device: str,
    source: Rows,
    target: Rows,
    forward: Best,
    backward: Best,
    begun: int,
    after: Callable[[int], None],
) -> None:
    """Look at all products; `forward` and `backward` hold the best of them in the end.

    Args:
        begun: source rows that were looked at before.
        after: called after each block of rows, with how many are done.
    """
    import torch

    from adapterxlt.token_budget import is_out_of_memory

    place, done = torch.device(device), begun

    def after_rows(rows: int) -> None:
        nonlocal done
        done = rows
        after(rows)

    precision = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")  # TF32 rounds more than what is settled allows
    try:
        with torch.inference_mode():
            _check_products(place)
            if _fits(target, backward, place):
                try:
                    _look(place, source, target, forward, backward, done, after_rows, stays=True)
                    return
                except RuntimeError as error:
                    if not is_out_of_memory(error):
                        raise
                # Somebody else may use the device too; the blocks alone need little.
                torch.cuda.empty_cache()
            _look(place, source, target, forward, backward, done, after_rows, stays=False)
    finally:
        torch.set_float32_matmul_precision(precision)


def _check_products(device: torch.device) -> None:
    """Check that products are not rounded as TF32 does, whatever the environment has set.

    Raises:
        AdapterXLTError: they are.
    """
    import torch

    # TF32 has 10 bits behind the point, so this would become 1.
    ones = torch.full((256, 256), 1 + 2**-12, device=device)
    if float((ones @ ones)[0, 0]) < 256 * (1 + 2**-12):
        raise AdapterXLTError(
            f"`{device}` rounds products of single precision, as TF32 does",
            hint="unset NVIDIA_TF32_OVERRIDE, or use --device cpu",
        )


def _look(
    device: torch.device,
    source: Rows,
    target: Rows,
    forward: Best,
    backward: Best,
    begun: int,
    after: Callable[[int], None],
    *,
    stays: bool,
) -> None:
    """Look at products from a row of the source on; `stays`: the target stays on the device."""
    import torch

    there: dict[int, torch.Tensor] = {}
    # Copies, wherever: `backward` holds what the finished blocks of rows came to.
    back = [torch.from_numpy(side).to(device, copy=True) for side in backward.arrays]
    for start in range(begun, len(source), ROWS):
        held = _on(device, source, start, ROWS)
        best = [torch.from_numpy(side[start : start + ROWS]).to(device) for side in forward.arrays]
        for column in range(0, len(target), COLUMNS):
            right = there.get(column)
            if right is None:
                right = _on(device, target, column, COLUMNS)
                if stays:
                    there[column] = right
            products = held @ right.T
            best = _better(best, products, column)
            place = slice(column, column + COLUMNS)
            better = _better([side[place] for side in back], products.T, start)
            for side, found in zip(back, better, strict=True):
                side[place] = found
        done = slice(start, start + ROWS)
        # Both or none: whoever goes on from the blocks before must not count these products twice.
        scores, ids, back_scores, back_ids = (side.cpu().numpy() for side in (*best, *back))
        forward.scores[done], forward.ids[done] = scores, ids
        backward.scores[:], backward.ids[:] = back_scores, back_ids
        after(start + len(held))


def _better(best: list[torch.Tensor], products: torch.Tensor, first: int) -> list[torch.Tensor]:
    """The best of each row of some products, and of those before: scores and ids, [rows, k].

    Args:
        first: id of the first column.
    """
    import torch

    scores, ids = best
    k = scores.shape[1]
    top, where = products.topk(min(k, products.shape[1]), dim=1)
    top, place = torch.cat([scores, top], dim=1).topk(k, dim=1)
    return [top, torch.cat([ids, where + first], dim=1).gather(1, place)]


def _fits(rows: Rows, best: Best, device: torch.device) -> bool:
    """Whether a side and its best can stay on a GPU; of other devices' memory nothing is known."""
    import torch

    if device.type != "cuda":
        return False
    torch.cuda.empty_cache()  # what torch keeps for later is free too
    free, _ = torch.cuda.mem_get_info(device)
    kept = sum(side.nbytes for side in best.arrays)
    return 4 * len(rows) * rows.shape[1] + kept + _SPARE < free


def _on(device: torch.device, rows: Rows, start: int, size: int) -> torch.Tensor:
    """At most `size` rows, on the device."""
    import torch

    block = rows.block(start, min(start + size, len(rows)))
    return moved(torch.from_numpy(np.require(block, np.float32, ["C", "W"])), device)
