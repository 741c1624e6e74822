"""Classification of pairs: two texts, and one label of a task's."""

from __future__ import annotations

from dataclasses import dataclass

from adapterxlt.kinds.given import parts_of, text_of
from adapterxlt.kinds.kind import Head, Kind


@dataclass(frozen=True, slots=True)
class PairExample:
    """Two texts and a label: an index into the task's `labels`, None where it is blanked."""

    id: str
    text_a: str
    text_b: str
    label: int | None


FIRST = ("premise", "text_a", "sentence1", "text")
SECOND = ("hypothesis", "text_b", "sentence2", "text_pair")


def _given(value: object, name: str) -> PairExample:
    first, second = parts_of(value, FIRST, SECOND)
    return PairExample(name, text_of(first, "the first text"), text_of(second, "the second"), None)


PAIR_CLASSIFICATION = Kind(
    name="pair_classification",
    example=PairExample,
    pipeline="text-classification",
    metrics=("accuracy",),
    workings_at="adapterxlt.kinds.pair_classification.pairs:PairClassification",
    is_labelled=lambda example: example.label is not None,
    texts=lambda example: (example.text_a, example.text_b),
    chooses=True,
    class_of=lambda example: example.label,
    given=_given,
    head=Head(
        adapters="classification",
        form={"layers": 2, "activation_function": "tanh", "use_pooler": False, "bias": True},
        transformers="ForSequenceClassification",
        peft="SEQ_CLS",
        labelled=True,
    ),
)
