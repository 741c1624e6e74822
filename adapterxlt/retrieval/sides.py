"""The sentences that should find each other, as rows: texts, repetitions, gold pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.bitext_mining import MiningSet
from adapterxlt.tasks.reading import bad, read_lines


@dataclass(frozen=True)
class Sides:
    """Two sides of sentences and what is to be found between them.

    Args:
        source: for each source sentence, the row of its text among the distinct texts.
        target: the same for the target sentences.
        gold: the (source row, target row) pairs to find; None: line i translates line i.
    """

    source: Sequence[int]
    target: Sequence[int]
    gold: frozenset[tuple[int, int]] | None


def aligned(n_source: int, n_target: int) -> Sides:
    """Two sides in which line i translates line i.

    Raises:
        MissingDataError: unequal numbers of lines.
    """
    if n_source != n_target:
        raise MissingDataError(
            f"{n_source} source and {n_target} target sentences are not aligned",
            hint="put translations on the same line, or give the pairs by their ids with --gold",
        )
    return Sides(range(n_source), range(n_target), None)


def from_mining(mining: MiningSet, what: str) -> Sides:
    """A mining set's rows, with its gold; see `gold_rows`."""
    return Sides(text_rows(mining.source), text_rows(mining.target), gold_rows(mining, what))


def text_rows(texts: Sequence[str]) -> list[int]:
    """Return the row of each sentence's text; rows number distinct texts as they first occur."""
    rows: dict[str, int] = {}
    return [rows.setdefault(text, len(rows)) for text in texts]


def gold_rows(mining: MiningSet, what: str) -> frozenset[tuple[int, int]]:
    """Return the gold pairs of a mining set as (source row, target row) of its sentences.

    Args:
        mining: the set.
        what: names the set in messages.

    Raises:
        MissingDataError: there are no gold pairs, or one names a sentence that does not exist.
    """
    if not mining.gold:
        raise MissingDataError(
            f"{what} has no gold pairs to tune on or to score with",
            hint="put the .gold file next to the sentences, with `id <tab> id` on each line",
        )
    source = {name: row for row, name in enumerate(mining.source_ids)}
    target = {name: row for row, name in enumerate(mining.target_ids)}
    for left, right in sorted(mining.gold):
        if left not in source or right not in target:
            raise MissingDataError(
                f"{what}: the gold pair `{left}` `{right}` names a sentence that is not in the set",
                hint="use a gold file and sentence files of the same split",
            )
    return frozenset((source[left], target[right]) for left, right in mining.gold)


def read_row_gold(path: Path, n_source: int, n_target: int) -> frozenset[tuple[int, int]]:
    """Read gold for vectors without sentences: line numbers from 1, as `source TAB target`.

    Raises:
        MissingDataError: a line is not such a pair, or occurs twice.
    """
    pairs: set[tuple[int, int]] = set()
    for number, line in enumerate(read_lines(path), start=1):
        fields = line.split("\t")
        if len(fields) != 2 or not all(field.isdecimal() for field in fields):
            raise bad(path, number, "not a pair of line numbers", "expected: number, tab, number")
        pair = (int(fields[0]) - 1, int(fields[1]) - 1)
        if not (0 <= pair[0] < n_source and 0 <= pair[1] < n_target):
            raise bad(path, number, f"there are {n_source} source and {n_target} target vectors")
        if pair in pairs:
            raise bad(path, number, "this pair occurs twice")
        pairs.add(pair)
    return frozenset(pairs)
