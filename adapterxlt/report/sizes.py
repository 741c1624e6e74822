"""Says in words how many examples, languages and seeds a figure rests on."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from adapterxlt.report.comparisons import Comparison
from adapterxlt.results.rows import Row


def size_of(found: Comparison) -> str:
    """Return the size of a comparison: `1,800 examples, 9 languages, 3 seeds`."""
    return ", ".join(
        [
            _counted(found.examples, "example"),
            _counted(len(found.languages), "language"),
            f"{found.seeds_told} seed{'s' * (found.seeds > 1)}",
        ]
    )


def common(sizes: Iterable[str]) -> str:
    """Return the size that all figures share; "" if sizes differ, so that each tells its own."""
    distinct = {*sizes}
    return distinct.pop() if len(distinct) == 1 else ""


def mean_over(rows: Collection[Row]) -> str:
    """Return the size of a mean, from one row per language: `9 languages of 200 examples`."""
    sizes = sorted({row.n for row in rows})
    each = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
    languages = _counted(len({row.language for row in rows}), "language")
    return f"{languages} of {each} example{'s' * (sizes[-1] != 1)}"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"
