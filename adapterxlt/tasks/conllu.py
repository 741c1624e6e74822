"""What is special about rows of CoNLL-U (universaldependencies.org/format.html)."""

from __future__ import annotations

import re
from collections.abc import Sequence

COLUMNS = 10
FORM, UPOS = 1, 3  # the columns of the word and of its universal part of speech
_NUMBER = re.compile(r"\d+([-.]\d+)?")


def is_conllu(row: Sequence[str]) -> bool:
    """Whether a row has the columns of CoNLL-U, the first of them a word's number.

    Example:
        >>> is_conllu("1 The the DET DT _ 2 det _ _".split())
        True
    """
    return len(row) == COLUMNS and _NUMBER.fullmatch(row[0]) is not None


def is_no_word(row: Sequence[str]) -> bool:
    """Whether it stands for several words, which follow (`3-4`), or for one left out (`3.1`).

    Such rows have no part of speech: German `im` has the number 3-4, then `in` and `dem` follow.

    Example:
        >>> is_no_word("3-4 im _ _ _ _ _ _ _ _".split())
        True
    """
    return is_conllu(row) and not row[0].isdigit()
