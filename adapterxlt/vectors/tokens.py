"""Token ids of many texts, kept flat: four bytes per token, for any number of texts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from adapterxlt.errors import AdapterXLTError
from adapterxlt.search.alike import alike

if TYPE_CHECKING:
    from adapterxlt.models.build import Built

# Texts given to the tokenizer at once: its answer holds Python integers, nine times as large.
CHUNK = 4096
# Shortest length within a batch as a share of the longest, once it has `ENOUGH` tokens.
TIGHT = 0.97
ENOUGH = 1024
# Number of texts after which vectors on disk are flushed and counted as done.
BLOCK = 8192


@dataclass(frozen=True)
class Tokens:
    """Token ids of texts, special tokens included, one text after another.

    Args:
        flat: the ids of all texts.
        offsets: [n + 1] where each text starts in `flat`, and the end of the last one.
    """

    flat: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """[n] number of tokens of each text."""
        return np.diff(self.offsets)

    def row(self, index: int) -> npt.NDArray[np.int32]:
        """Token ids of one text."""
        return self.flat[self.offsets[index] : self.offsets[index + 1]]

    def distinct(self) -> tuple[Tokens, npt.NDArray[np.int64]]:
        """Return each distinct sequence once, in order, and the number of the one of every text.

        Vectors differ in their last bits with the batch they are computed in, so two vectors of
        equal texts would not be equal.
        """
        first, number = alike(self.row(i).data for i in range(len(self)))
        if len(first) == len(self):
            return self, number
        flat = np.concatenate([self.row(i) for i in first])
        offsets = np.concatenate([[0], np.cumsum(self.lengths[first])]).astype(np.int64)
        return Tokens(flat, offsets), number


def tokenize(
    built: Built, texts: Iterable[str], max_length: int, prefix: str | None = None
) -> Tokens:
    """Return token ids of the texts, cut to `max_length` (special tokens included).

    Args:
        prefix: text to put before each one; None: the model's own.

    Raises:
        AdapterXLTError: there are no texts.
    """
    pieces: list[npt.NDArray[np.int32]] = []
    lengths: list[npt.NDArray[np.int64]] = []
    for ids in _chunks(built, texts, max_length, prefix):
        sizes = np.fromiter(map(len, ids), dtype=np.int64, count=len(ids))
        lengths.append(sizes)
        joined = chain.from_iterable(ids)
        pieces.append(np.fromiter(joined, dtype=np.int32, count=int(sizes.sum())))
    if not pieces:
        raise AdapterXLTError("no sentences to encode")
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    return Tokens(np.concatenate(pieces), offsets.astype(np.int64))


def _chunks(
    built: Built, texts: Iterable[str], max_length: int, prefix: str | None
) -> Iterator[list[list[int]]]:
    limit = min(max_length, built.tokenizer.model_max_length)
    if prefix is None:
        prefix = getattr(built, "prefix", "")
    for chunk in _batched(f"{prefix}{text}" for text in texts):
        encoded = built.tokenizer(
            chunk,
            truncation=True,
            max_length=limit,
            return_attention_mask=False,
            return_token_type_ids=False,
        )
        yield encoded["input_ids"]


def _batched(texts: Iterable[str]) -> Iterator[list[str]]:
    chunk: list[str] = []
    for text in texts:
        chunk.append(text)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def tight_batches(lengths: npt.NDArray[np.int64], token_budget: int) -> list[npt.NDArray[np.int64]]:
    """Return row numbers in batches of near-equal length, longest first.

    A batch has at most `token_budget` padded tokens. It also ends where lengths fall below
    `TIGHT` of its longest, once it is large enough to keep the processor busy.
    """
    order = np.argsort(-lengths, kind="stable")
    batches = []
    start = 0
    longest = int(lengths[order[0]]) if len(order) else 0
    for place, length in enumerate(lengths[order].tolist()):
        size = place - start
        full = (size + 1) * longest > token_budget
        loose = length < TIGHT * longest and size * longest >= ENOUGH
        if size and (full or loose):
            batches.append(order[start:place])
            start, longest = place, length
    if start < len(order):
        batches.append(order[start:])
    return batches


def sorted_blocks(
    lengths: npt.NDArray[np.int64], token_budget: int
) -> list[list[npt.NDArray[np.int64]]]:
    """Return row numbers in blocks of `BLOCK`, longest first; each block is in `tight_batches`.

    Vectors differ in their last bits with the batch they are computed in. By these blocks the same
    texts get the same bytes, whether all are encoded at once or block by block.
    """
    order = np.argsort(-lengths, kind="stable")
    blocks = [order[start : start + BLOCK] for start in range(0, len(order), BLOCK)]
    return [
        [rows[batch] for batch in tight_batches(lengths[rows], token_budget)] for rows in blocks
    ]
