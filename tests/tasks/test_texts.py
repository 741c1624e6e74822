from __future__ import annotations

from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.tagging import TaggingExample
from adapterxlt.tasks.texts import texts_of


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
