"""Tagging: words, and one tag a word."""

from __future__ import annotations

from dataclasses import dataclass

from adapterxlt.kinds.kind import Head, Kind


@dataclass(frozen=True, slots=True)
class TaggingExample:
    """Words and one tag a word (indices into the task's `labels`), None where blanked."""

    id: str
    words: tuple[str, ...]
    tags: tuple[int, ...] | None


TAGGING = Kind(
    name="tagging",
    example=TaggingExample,
    pipeline="token-classification",
    metrics=("f1", "precision", "recall"),
    workings_at="adapterxlt.kinds.tagging.tags:Tagging",
    is_labelled=lambda example: example.tags is not None,
    texts=lambda example: (" ".join(example.words),),
    chooses=True,
    head=Head(
        adapters="tagging",
        form={"layers": 1},
        transformers="ForTokenClassification",
        peft="TOKEN_CLS",
        labelled=True,
    ),
)
