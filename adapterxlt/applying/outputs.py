"""Answers to examples, in their order: in parts of bounded size, each as evaluation would do it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from adapterxlt.batching.encode import encode
from adapterxlt.evaluation.clock import Clock
from adapterxlt.evaluation.ensemble import averaged
from adapterxlt.evaluation.predict import Outputs, forward
from adapterxlt.kinds.answers import (
    Answer,
    PredictedChoice,
    PredictedLabel,
    PredictedLabels,
    PredictedValue,
)
from adapterxlt.kinds.facts import Example, Limits, TaskFacts
from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.registry import get_kind
from adapterxlt.models.build import Built
from adapterxlt.progress import Progress, Silent

# What is in memory at once: enough that inputs of near-equal length are found for a batch.
EXAMPLES = 2048
CHARACTERS = 1 << 20

_NO_LIMIT = 1 << 30  # tokens
_TOLD = (PredictedLabel, PredictedLabels, PredictedValue, PredictedChoice)

Members = Sequence[tuple[float, Built]]


@dataclass(frozen=True)
class Settings:
    """How inputs are encoded and batched, as in evaluation.

    Args:
        max_length: tokens a row at most.
        doc_stride: tokens that neighbouring windows of a long context share.
        token_budget: padded tokens at most in one forward pass.
    """

    max_length: int
    doc_stride: int
    token_budget: int


def answers_to(
    examples: Iterable[Example],
    members: Callable[[], Members],
    task: TaskFacts,
    settings: Settings,
    progress: Progress | None = None,
) -> Iterator[Answer]:
    """The answer to each example; no more than a part of them is in memory.

    Args:
        examples: of the task's kind; their labels are not looked at.
        members: loads the model with the head of the task active, or each member of an ensemble
            with its share; called once, if there is an example.
        task: what is to be predicted.
        settings: how.
        progress: told where memory does not suffice for the token budget.
    """
    loaded: Members | None = None
    for part in _parts(examples, task.kind):
        loaded = loaded or members()
        yield from _answers(part, loaded, task, settings, progress or Silent())


def _parts(examples: Iterable[Example], kind: str) -> Iterator[list[Example]]:
    texts = get_kind(kind).texts
    part: list[Example] = []
    characters = 0
    for example in examples:
        part.append(example)
        characters += sum(map(len, texts(example)))
        if len(part) == EXAMPLES or characters > CHARACTERS:
            yield part
            part, characters = [], 0
    if part:
        yield part


def _answers(
    examples: Sequence[Example],
    members: Members,
    task: TaskFacts,
    settings: Settings,
    progress: Progress,
) -> list[Answer]:
    each: list[tuple[float, Outputs]] = []
    cut: set[int] = set()
    for share, built in members:
        features = encode(
            examples,
            built.tokenizer,
            task.kind,
            max_length=settings.max_length,
            doc_stride=settings.doc_stride,
            labelled=False,
        )
        cut = cut or _cut(examples, features, built, task.kind, settings)
        outputs = forward(
            built, features, task.kind, settings.token_budget, _Quiet(progress), "", Clock()
        )
        each.append((share, outputs))
    outputs = each[0][1] if len(each) == 1 else averaged(each, task)
    found = get_kind(task.kind).workings.answers(examples, list(outputs), task)
    return [
        replace(answer, truncated=True) if number in cut and isinstance(answer, _TOLD) else answer
        for number, answer in enumerate(found)
    ]


def _cut(
    examples: Sequence[Example],
    features: Sequence[Feature],
    built: Built,
    kind: str,
    settings: Settings,
) -> set[int]:
    """Numbers of the examples that the model does not see in full.

    Only what is as long as it may be can have been cut: that is encoded again, without a limit.
    """
    counts = Counter(feature.example for feature in features)
    full = [
        feature
        for feature in features
        if counts[feature.example] == 1  # else it is read in windows
        and any(len(row) >= settings.max_length for row in feature.input_ids)
    ]
    if not full:
        return set()
    whole = get_kind(kind).workings.encode(
        [examples[feature.example] for feature in full],
        built.tokenizer,
        Limits(_NO_LIMIT, settings.doc_stride),
        None,
    )
    return {full[one.example].example for one in whole if one.length > full[one.example].length}


class _Quiet(Silent):
    """Bars of the parts are not shown, what is said is."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def log(self, message: str) -> None:
        self._progress.log(message)
