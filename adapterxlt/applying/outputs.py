"""Predicts examples in their order, in parts of limited size, as an evaluation does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from adapterxlt.batching.encode import encode
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
from adapterxlt.models.clock import Clock
from adapterxlt.progress import Progress, Silent

# Limits of a part: large enough to find inputs of similar length for a batch.
EXAMPLES = 2048
CHARACTERS = 1 << 20

_NO_LIMIT = 1 << 30  # tokens
_TOLD = (PredictedLabel, PredictedLabels, PredictedValue, PredictedChoice)

Members = Sequence[tuple[float, Built]]


@dataclass(frozen=True)
class Settings:
    """How inputs are encoded and batched, as in evaluation.

    Args:
        max_length: maximum number of tokens per row.
        doc_stride: number of tokens that neighbouring windows of a long context share.
        token_budget: maximum number of padded tokens in one forward pass.
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
    """The answer to each example; only a part of them is in memory at a time.

    Args:
        examples: examples of the task's kind; their labels are not used.
        members: loads the model with the head of the task active, or each member of an ensemble
            with its share; called once, if there is an example.
        task: the task to predict.
        settings: how inputs are encoded and batched.
        progress: is told if the memory is too small for the token budget.
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

    Only inputs of the maximum length can have been cut, so these are encoded again without limit.
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
    """Shows the messages of the parts, but not their bars."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def log(self, message: str) -> None:
        self._progress.log(message)
