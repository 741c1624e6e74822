"""Inputs of one text or two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from transformers import PreTrainedTokenizerBase

from adapterxlt.kinds.workings import text_rows


class OneOrTwoTexts(Protocol):
    """An example with one text, or with two."""

    @property
    def text(self) -> str:
        """The first or only text."""

    @property
    def text_pair(self) -> str | None:
        """The second text; None if there is none."""


def rows_of(
    examples: Sequence[OneOrTwoTexts], tokenizer: PreTrainedTokenizerBase, max_length: int
) -> list[list[int]]:
    """Token ids of the examples, in order; some may have one text and others two."""
    rows: list[list[int]] = [[]] * len(examples)
    alone = [n for n, example in enumerate(examples) if example.text_pair is None]
    paired = [n for n, example in enumerate(examples) if example.text_pair is not None]
    for places in (alone, paired):
        if places:
            first = [examples[n].text for n in places]
            second = [examples[n].text_pair or "" for n in places] if places is paired else None
            for n, row in zip(places, text_rows(tokenizer, first, second, max_length), strict=True):
                rows[n] = row
    return rows
