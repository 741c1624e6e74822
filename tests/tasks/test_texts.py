from __future__ import annotations

import numpy as np

from adapterxlt.tasks.contamination import hashes_of, overlap
from adapterxlt.tasks.fingerprint import text_hash
from adapterxlt.tasks.texts import retrieval_texts, texts_of
from adapterxlt.tasks.types import (
    Bitext,
    ChoiceExample,
    PairExample,
    QAExample,
    TaggingExample,
)


def test_texts_of_every_kind_once() -> None:
    examples = [
        PairExample("0", "A man.", "A person.", 0),
        PairExample("1", "A man.", "A dog.", 1),
        TaggingExample("0", ("A", "cat", "."), None),
        QAExample("q1", "Who?", "Some context.", None),
        QAExample("q2", "Where?", "Some context.", ((0, "Some"),)),
        ChoiceExample("0", "It rained. What happened?", ("It got wet.", "A dog."), 0),
    ]
    assert list(texts_of(examples)) == [
        "A man.",
        "A person.",
        "A dog.",
        "A cat .",
        "Some context.",
        "Who?",
        "Where?",
        "It rained. What happened?",
        "It got wet.",
    ]


def test_texts_of_bitext() -> None:
    assert list(retrieval_texts(Bitext("de", ("ja", "ja"), ("yes", "ja")))) == ["ja", "yes"]


def test_overlap_counts_distinct_texts_but_not_bare_punctuation() -> None:
    seen = hashes_of(["Hello, world!", "hello, world", "A cat", "..."])
    assert seen.dtype == np.uint64
    assert sorted(seen.tolist()) == sorted({text_hash("hello, world"), text_hash("a cat")})
    assert overlap(seen, ["HELLO,  WORLD", "Hello, world.", "a dog", "?!", ""]) == 1
    assert overlap(seen, ["a cat", "hello, world"]) == 2
    assert overlap(hashes_of([]), ["a cat"]) == 0
