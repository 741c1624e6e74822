from __future__ import annotations

from adapterxlt.tasks.texts import texts_of
from adapterxlt.tasks.types import (
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
