"""Finds exact neighbours in both directions in one blocked pass over all similarities.

Searching twice would compute every inner product twice. Here each block of products is read
once along its rows and once along its columns. Only products that beat the best so far are taken
from it, and after the first blocks these are few.

The products have single precision, and the order of their sums is up to the matrix product. So
more than `k` candidates are held, and those that rounding may have put in the wrong place are
multiplied again by `steady`. If even these may be incomplete, the whole row is searched again.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from adapterxlt.errors import AdapterXLTError
from adapterxlt.progress import Progress, Silent
from adapterxlt.search.arrays import Floats, Ids
from adapterxlt.search.best import Best, Neighbours
from adapterxlt.search.kept import Kept
from adapterxlt.search.on_device import look_on
from adapterxlt.search.rows import Rows
from adapterxlt.search.steady import lengths, pair_products, rounding, steady_products
from adapterxlt.search.threads import in_threads

# Rows and columns of a block. Edges are filled with zeros, as libraries are slow with other shapes.
ROWS = 1024
# Source rows held at a time; the target side is read once for each.
SUPER = 16 * ROWS
# Candidates held beyond `k`. What follows is mostly too far below to be misplaced by rounding.
MORE = 4
# Rows settled at a time.
FEW = 256
# What a product may lose if it is too small for single precision.
TINY = float(np.finfo(np.float32).tiny)


def exact_neighbours(
    source: Rows,
    target: Rows,
    k: int,
    progress: Progress | None = None,
    kept: Kept | None = None,
    device: str = "",
) -> tuple[Neighbours, Neighbours]:
    """The `k` best of the other side for every row of both sides, by inner product.

    A score depends only on its two vectors (see `steady`). Among equal scores the lower id comes
    first. `k` is clipped to the size of the other side.
    As many threads as torch has work on blocks at the same time. Whatever the size of the sides,
    memory holds `SUPER` rows of the source, and `ROWS` rows of the target for each thread.

    Args:
        source: vectors [n, dim].
        target: vectors [m, dim].
        k: number of neighbours.
        progress: told after every `SUPER` rows of the source.
        kept: results are saved there regularly; an interrupted search continues from them and
            ends in the same bytes.
        device: where torch computes the products; "" for threads of the CPU, which also take over
            where its memory does not suffice. The result is the same.

    Returns:
        (scores [n, k], ids [n, k]) of the source rows, and the same of the target rows.

    Raises:
        AdapterXLTError: the two sides differ in dimensions.
    """
    check_sides(source, target, k)
    forward, backward = (
        Best(len(source), min(k + MORE, len(target))),
        Best(len(target), min(k + MORE, len(source))),
    )
    begun = _resume(kept, forward, backward)
    progress = progress or Silent()
    with progress.bar("searching", len(source), done=begun, unit="sentences") as bar:
        done = begun

        def after(rows: int) -> None:
            nonlocal done
            if kept and kept.is_due():
                kept.save("exact", rows, *forward.arrays, *backward.arrays)
            bar.advance(rows - done)
            done = rows

        if device:
            from adapterxlt.token_budget import is_out_of_memory

            try:
                look_on(device, source, target, forward, backward, begun, after)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                progress.log(
                    f"`{device}` has too little memory for this search; continuing on the CPU"
                )
        for start in range(done, len(source), SUPER):
            held = _read(source, start, SUPER)
            columns = range(0, len(target), ROWS)
            look = partial(_look, held, start, target, forward, backward)
            for _ in in_threads(look, columns, len(columns)):
                pass
            after(start + len(held))
    return _settled(forward, source, target, k), _settled(backward, target, source, k)


def one_way(queries: Rows, base: Rows, k: int) -> Neighbours:
    """Find the `k` best rows of `base` for every query, as `exact_neighbours` does."""
    best = Best(len(queries), min(k + MORE, len(base)))
    for start in range(0, len(queries), SUPER):
        look = partial(_look, _read(queries, start, SUPER), start, base, best, None)
        columns = range(0, len(base), ROWS)
        for _ in in_threads(look, columns, len(columns)):
            pass
    return _settled(best, queries, base, k)


def _look(
    held: Floats, start: int, target: Rows, forward: Best, backward: Best | None, column: int
) -> None:
    """Look at the products of some source rows, `held`, and the target rows from `column` on."""
    import torch

    columns = _read(target, column, ROWS)
    right = torch.from_numpy(_whole(columns)).t()
    products = torch.empty(ROWS, ROWS)
    for offset in range(0, len(held), ROWS):
        rows = held[offset : offset + ROWS]
        torch.mm(torch.from_numpy(_whole(rows)), right, out=products)
        block = products.numpy()[: len(rows), : len(columns)]
        forward.look(block, start + offset, column)
        if backward:
            backward.look(block.T, column, start + offset)


def _settled(best: Best, queries: Rows, base: Rows, k: int) -> Neighbours:
    """Return the `k` best by steady scores, after a search that kept the best by rounded ones."""
    k = min(k, len(base))
    longest = max(
        float(lengths(_read(base, start, ROWS)).max()) for start in range(0, len(base), ROWS)
    )
    off = rounding(base.shape[1]) * longest
    scores, ids = np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64)

    def settle(start: int) -> Ids:
        """Settle some rows; return those whose candidates may be incomplete."""
        place = slice(start, min(start + FEW, len(queries)))
        held, found, where = (
            queries.block(place.start, place.stop),
            best.scores[place],
            best.ids[place],
        )
        # A true neighbour's rounded score is at most twice the rounding below the k-th score.
        least = found[:, k - 1] - 2 * (off * lengths(held) + TINY * base.shape[1])
        near = found >= least[:, None]
        rows, columns = np.nonzero(near)
        exact = np.full(found.shape, -np.inf, np.float32)
        exact[rows, columns] = pair_products(held[rows], base.rows(where[rows, columns]))
        order = np.lexsort((where, -exact), axis=1)[:, :k]
        scores[place] = np.take_along_axis(exact, order, axis=1)
        ids[place] = np.take_along_axis(where, order, axis=1)
        return start + np.flatnonzero(near[:, -1] & (best.k < len(base)))

    starts = range(0, len(queries), FEW)
    crowded = np.concatenate(list(in_threads(settle, starts, len(starts))))
    for start in range(0, len(crowded), ROWS):
        rows = crowded[start : start + ROWS]
        scores[rows], ids[rows] = _searched(queries.rows(rows), base, k)
    return scores, ids


def _searched(queries: Floats, base: Rows, k: int) -> Neighbours:
    """Find the `k` best of a few queries; all scores are steady ones."""
    best = Best(len(queries), k)

    def look(column: int) -> None:
        best.look(steady_products(queries, _read(base, column, ROWS)), 0, column)

    columns = range(0, len(base), ROWS)
    for _ in in_threads(look, columns, len(columns)):
        pass
    return best.arrays


def _resume(kept: Kept | None, *sides: Best) -> int:
    """Source rows that an earlier search is done with; `sides` as it left them."""
    found = kept.load("exact") if kept else None
    if found is None:
        return 0
    done, arrays = found
    for side, scores, ids in zip(sides, arrays[::2], arrays[1::2], strict=True):
        side.scores, side.ids = scores, ids
    return done


def check_sides(source: Rows, target: Rows, k: int) -> None:
    """Refuse sides that cannot be compared."""
    if source.shape[1] != target.shape[1]:
        raise AdapterXLTError(
            f"source vectors have {source.shape[1]} dimensions, target vectors {target.shape[1]}",
            hint="both sides must be encoded by the same model at the same layer",
        )
    if k < 1:
        raise ValueError(f"k must be at least 1, not {k}")


def _read(rows: Rows, start: int, size: int) -> Floats:
    """Read at most `size` rows, writable, as torch warns about read-only ones from files."""
    return np.require(rows.block(start, min(start + size, len(rows))), np.float32, ["C", "W"])


def _whole(rows: Floats) -> Floats:
    """Fill rows up with zeros to `ROWS` rows."""
    if len(rows) == ROWS:
        return rows
    whole = np.zeros((ROWS, rows.shape[1]), np.float32)
    whole[: len(rows)] = rows
    return whole
