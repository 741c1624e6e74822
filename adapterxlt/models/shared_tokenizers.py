"""The tokenizers that the steps of a run share. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Shared = dict[object, "PreTrainedTokenizerBase"]  # by the files that they were read from

_SHARED: ContextVar[Shared | None] = ContextVar("_SHARED", default=None)


@contextmanager
def sharing(tokenizers: Shared) -> Iterator[None]:
    """Within it, `base.load_tokenizer` keeps in `tokenizers` what it reads, and looks there first.

    This counts for the thread that it is used in alone: a tokenizer refuses to be used by two
    threads at once.
    """
    before = _SHARED.set(tokenizers)
    try:
        yield
    finally:
        _SHARED.reset(before)


def shared() -> Shared | None:
    """What is shared here; None outside steps."""
    return _SHARED.get()
