"""Says in words how many examples, languages and seeds a figure rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

from adapterxlt.report.compare import counted
from adapterxlt.report.comparisons import PAIR, Comparison
from adapterxlt.report.scopes import told_languages
from adapterxlt.results.rows import Row

PAIRS = "In mining, n counts pairs of sentences: the gold ones and all that either model found."


def sizes_of(found: Comparison) -> tuple[str, ...]:
    """Return the size of a comparison in parts: `1,800 examples`, `9 languages`, `3 seeds`."""
    return (
        _counted(found.examples, found.counts),
        told_languages(found.languages, found.left_out),
        f"{found.seeds_told} seed{'s' * (found.seeds > 1)}",
    )


def common(sizes: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Return the parts of a size that more than half of the figures share.

    A part that most of them do not share is "".
    """
    shared = []
    for parts in zip(*sizes, strict=True):
        part, times = Counter(parts).most_common(1)[0]
        shared.append(part if 2 * times > len(parts) else "")
    return tuple(shared)


def besides(parts: Sequence[str], shared: Sequence[str]) -> list[str]:
    """Return the parts of a size that differ from the shared ones."""
    return [part for part, other in zip(parts, shared, strict=True) if part != other]


def note_on_sizes(comparisons: Iterable[Comparison]) -> list[str]:
    """Return what the counted pairs of mining are; [] if only examples were counted."""
    return [PAIRS] if any(one.counts == PAIR for one in comparisons) else []


def mean_over(rows: Collection[Row]) -> str:
    """Return the size of a mean, from one row per language: `9 languages of 200 examples`."""
    sizes = sorted({row.n for row in rows})
    each = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
    languages = _counted(len({row.language for row in rows}), "language")
    return f"{languages} of {each} {counted(rows)}{'s' * (sizes[-1] != 1)}"


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"
