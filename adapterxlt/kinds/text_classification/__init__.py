"""Text classification: one text, or two, and its label, or several labels."""

from __future__ import annotations

from dataclasses import dataclass

from adapterxlt.kinds.given import one_or_two
from adapterxlt.kinds.kind import Head, Kind


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text, or two, and what it is.

    Args:
        label: name of its label; None where it is withheld, or may be several.
        labels: names of its labels, () for none of them, where a task says `multi_label: true`;
            None where they are withheld.
    """

    id: str
    text: str
    text_pair: str | None = None
    label: str | None = None
    labels: tuple[str, ...] | None = None


def _texts(example: LabelledText) -> tuple[str, ...]:
    return (example.text,) if example.text_pair is None else (example.text, example.text_pair)


def _given(value: object, name: str) -> LabelledText:
    first = ("text", "sentence1", "sentence", "premise")
    return LabelledText(name, *one_or_two(value, first, ("text_pair", "sentence2", "hypothesis")))


TEXT_CLASSIFICATION = Kind(
    name="text_classification",
    example=LabelledText,
    pipeline="text-classification",
    metrics=("accuracy", "macro_f1"),
    metrics_of_several=("micro_f1", "macro_f1"),
    workings_at="adapterxlt.kinds.text_classification.classes:TextClassification",
    is_labelled=lambda example: example.label is not None or example.labels is not None,
    texts=_texts,
    given=_given,
    several=True,
    chooses=True,
    class_of=lambda example: example.label,
    head=Head(
        adapters="classification",
        form={"layers": 2, "activation_function": "tanh", "use_pooler": False, "bias": True},
        transformers="ForSequenceClassification",
        peft="SEQ_CLS",
        labelled=True,
    ),
)
