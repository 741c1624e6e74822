"""Versions of a recipe: its seeds, and everything else that was measured under its name.

Rows are plain data here, as in the file, because other versions of adapterxlt may have added keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Key = tuple[str, str]  # name and id of a recipe
RawRow = Mapping[str, Any]

# The keys that say what was measured, and the value. The other keys only describe this for readers.
# So does `protocol` of rows with an address, which covers it.
_IDENTITY = (
    "stage", "model", "task", "language", "split", "data", "metric", "value", "n", "seed",
    "layer", "pooling", "fingerprint", "caps",
)  # fmt: skip


def key_of(row: RawRow) -> Key:
    """Return the version that a row belongs to."""
    return str(row["recipe"]), str(row.get("recipe_id", ""))


def by_version(rows: Iterable[RawRow]) -> dict[Key, list[RawRow]]:
    """Return the rows of each version, in order of appearance."""
    found: dict[Key, list[RawRow]] = {}
    for row in rows:
        found.setdefault(key_of(row), []).append(row)
    return found


def contained(old: Sequence[RawRow], new: Sequence[RawRow]) -> bool:
    """Whether `new` has every row of `old`, so that `old` can be dropped without loss."""
    plain, exact = set(), set()
    for row in new:
        plain.add((_identity(row), row.get("protocol")))
        # A version that measures the same again but keeps more has another address for it.
        exact |= {(_identity(row), row.get(key)) for key in ("cell", "setup") if row.get(key)}
    return all(
        not {(_identity(row), row["cell"]), (_identity(row), row.get("setup"))}.isdisjoint(exact)
        if row.get("cell")
        else (_identity(row), row.get("protocol")) in plain
        for row in old
    )


def same_but_seed(one: Sequence[RawRow], other: Sequence[RawRow]) -> bool:
    """Whether two versions are one recipe with different seeds (one may still be incomplete)."""
    ours, theirs = ({row.get("setup") for row in rows} for rows in (one, other))
    if not (ours and theirs and all(ours) and all(theirs)):  # no rows, or not recorded
        return False
    return ours <= theirs or theirs <= ours


def families(versions: Sequence[Sequence[RawRow]]) -> list[list[int]]:
    """Group the positions of versions that differ only in seeds, in order of appearance."""
    found: list[list[int]] = []
    for position, rows in enumerate(versions):
        for family in found:
            if same_but_seed(versions[family[0]], rows):
                family.append(position)
                break
        else:
            found.append([position])
    return found


def _identity(row: RawRow) -> tuple[Any, ...]:
    return tuple(row.get(key) for key in _IDENTITY)
