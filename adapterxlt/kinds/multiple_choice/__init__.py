"""Multiple choice: a context, and the right one of its continuations."""

from __future__ import annotations

from dataclasses import dataclass

from adapterxlt.kinds.given import parts_of, text_of, texts_of
from adapterxlt.kinds.kind import Head, Kind


@dataclass(frozen=True, slots=True)
class ChoiceExample:
    """A context (premise and question in one string), its candidate continuations, and the
    index of the right one, None where blanked."""

    id: str
    context: str
    choices: tuple[str, ...]
    label: int | None


def _given(value: object, name: str) -> ChoiceExample:
    context, listed = parts_of(value, ("context", "question"), ("choices",))
    choices = texts_of(listed, "choices")
    if not choices:
        raise ValueError("has no choices")
    return ChoiceExample(name, text_of(context, "the context"), choices, None)


MULTIPLE_CHOICE = Kind(
    name="multiple_choice",
    example=ChoiceExample,
    pipeline="multiple-choice",
    metrics=("accuracy",),
    workings_at="adapterxlt.kinds.multiple_choice.choosing:MultipleChoice",
    is_labelled=lambda example: example.label is not None,
    texts=lambda example: (example.context, *example.choices),
    chooses=True,
    classes="whether a choice is the right one",
    given=_given,
    # It scores one choice at a time: how many there are, or what they are called, does not matter.
    head=Head(
        adapters="multiple_choice",
        form={"layers": 2, "activation_function": "tanh", "use_pooler": False},
        transformers="ForMultipleChoice",
        choices=True,
    ),
)
