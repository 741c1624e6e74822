"""Tagging: words, and one tag a word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adapterxlt.kinds.given import texts_of
from adapterxlt.kinds.kind import Head, Kind


@dataclass(frozen=True, slots=True)
class TaggingExample:
    """Words and one tag per word (indices into the task's `labels`), None where blanked."""

    id: str
    words: tuple[str, ...]
    tags: tuple[int, ...] | None


def _given(value: object, name: str) -> TaggingExample:
    if isinstance(value, Mapping):
        value = value.get("words", value.get("tokens"))
    if isinstance(value, str):
        raise ValueError(
            "must be a list of words, not one text: cut it into words (`text.split()`)"
        )
    words = texts_of(value, "words")
    if not words:
        raise ValueError("has no words")
    return TaggingExample(name, words, None)


TAGGING = Kind(
    name="tagging",
    example=TaggingExample,
    pipeline="token-classification",
    metrics=("f1", "precision", "recall"),
    workings_at="adapterxlt.kinds.tagging.tags:Tagging",
    is_labelled=lambda example: example.tags is not None,
    texts=lambda example: (" ".join(example.words),),
    chooses=True,
    given=_given,
    of_words=True,
    head=Head(
        adapters="tagging",
        form={"layers": 1},
        transformers="ForTokenClassification",
        peft="TOKEN_CLS",
        labelled=True,
    ),
)
