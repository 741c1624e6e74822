"""The texts of examples that are compared to find contamination."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adapterxlt.tasks.types import (
    ChoiceExample,
    Example,
    PairExample,
    QAExample,
    TextExample,
)


def texts_of(examples: Iterable[Example]) -> Iterator[str]:
    """Every text a model reads, each distinct one once, in order of first appearance.

    Both texts of a pair; a sentence's words joined by spaces; context and question; a choice's
    context and its candidates; plain text as it is. Texts that are shared by many examples (a
    QA context) come once.
    """
    seen: set[str] = set()
    for example in examples:
        for text in _texts(example):
            if text not in seen:
                seen.add(text)
                yield text


def _texts(example: Example) -> tuple[str, ...]:
    match example:
        case PairExample():
            return example.text_a, example.text_b
        case ChoiceExample():
            return example.context, *example.choices
        case QAExample():
            return example.context, example.question
        case TextExample():
            return (example.text,)
    return (" ".join(example.words),)
