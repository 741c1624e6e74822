"""Regression: one text, or two, and a number."""

from __future__ import annotations

from dataclasses import dataclass

from adapterxlt.kinds.given import one_or_two
from adapterxlt.kinds.kind import Head, Kind


@dataclass(frozen=True, slots=True)
class ValuedText:
    """A text, or two, and its number; None where that is withheld."""

    id: str
    text: str
    text_pair: str | None = None
    value: float | None = None


def _texts(example: ValuedText) -> tuple[str, ...]:
    return (example.text,) if example.text_pair is None else (example.text, example.text_pair)


def _given(value: object, name: str) -> ValuedText:
    first = ("text", "sentence1", "sentence", "premise")
    return ValuedText(name, *one_or_two(value, first, ("text_pair", "sentence2", "hypothesis")))


REGRESSION = Kind(
    name="regression",
    example=ValuedText,
    pipeline="text-classification",
    metrics=("pearson", "spearman"),
    workings_at="adapterxlt.kinds.regression.values:Regression",
    is_labelled=lambda example: example.value is not None,
    texts=_texts,
    given=_given,
    head=Head(
        adapters="classification",
        form={"layers": 2, "activation_function": "tanh", "use_pooler": False, "bias": True},
        transformers="ForSequenceClassification",
        peft="SEQ_CLS",
        problem="regression",
        outputs=1,
    ),
)
