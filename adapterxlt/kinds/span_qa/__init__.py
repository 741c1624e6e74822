"""Question answering: a question on a context, answered by a part of the context."""

from __future__ import annotations

from dataclasses import dataclass

from adapterxlt.kinds.given import parts_of, text_of
from adapterxlt.kinds.kind import Head, Kind


@dataclass(frozen=True, slots=True)
class QAExample:
    """A question on a context.

    `answers` holds (start, text) pairs, start in characters of `context`; none of them where the
    context does not answer the question (SQuAD 2.0); None where blanked.
    """

    id: str
    question: str
    context: str
    answers: tuple[tuple[int, str], ...] | None


def _given(value: object, name: str) -> QAExample:
    question, context = parts_of(value, ("question",), ("context",))
    return QAExample(name, text_of(question, "the question"), text_of(context, "the context"), None)


SPAN_QA = Kind(
    name="span_qa",
    example=QAExample,
    pipeline="question-answering",
    metrics=("f1", "exact_match"),
    workings_at="adapterxlt.kinds.span_qa.answering:SpanQA",
    is_labelled=lambda example: example.answers is not None,  # () is SQuAD 2.0's "no answer"
    texts=lambda example: (example.context, example.question),
    spans=True,
    classes="whether a word of the context belongs to the answer",
    given=_given,
    # The first revision (see `spans.py`) also applies to the answers that are trained on, and left
    # the tokens of 48,000 published ones as they were.
    revision=1,
    head=Head(
        adapters="question_answering",
        form={"layers": 1, "num_labels": 2},
        transformers="ForQuestionAnswering",
        peft="QUESTION_ANS",
        outputs=2,
    ),
)
