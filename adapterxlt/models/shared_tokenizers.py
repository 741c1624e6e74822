"""The tokenizers that the steps of a run share. No torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Shared = dict[object, "PreTrainedTokenizerBase"]  # by the files from which they were read

_SHARED: ContextVar[Shared | None] = ContextVar("_SHARED", default=None)


@contextmanager
def sharing(tokenizers: Shared) -> Iterator[None]:
    """While this lasts, `base.load_tokenizer` takes tokenizers from `tokenizers`, or adds them.

    This holds only for the thread that calls it, as two threads cannot use a tokenizer at once.
    """
    before = _SHARED.set(tokenizers)
    try:
        yield
    finally:
        _SHARED.reset(before)


def shared() -> Shared | None:
    """Return the tokenizers that are shared here; None outside steps."""
    return _SHARED.get()
