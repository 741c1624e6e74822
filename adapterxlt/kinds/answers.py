"""What a model says of an input, as its user reads it. No torch.

Each kind of tasks makes answers of one of these classes (`Workings.answers`). What is predicted is
what evaluation scores; the scores beside it come from the same outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Answer:
    """What a model says of one input; the classes below derive from it.

    Example:
        >>> xlt.PredictedValue(3.5).as_dict()
        {'value': 3.5, 'truncated': False}
    """

    def as_dict(self) -> dict[str, object]:
        """All of it as plain data, as a line of JSON holds it."""
        return asdict(self)


@dataclass(frozen=True)
class PredictedLabel(Answer):
    """One label of a task's, of a text or a pair of texts.

    Args:
        label: the most probable one.
        score: its probability, 0 to 1.
        scores: of each label its probability (softmax), in the order of the task's.
        truncated: whether the input was longer than the model takes, so that its end was cut off,
            as it is in evaluation.
    """

    label: str
    score: float
    scores: Mapping[str, float]
    truncated: bool = False


@dataclass(frozen=True)
class PredictedLabels(Answer):
    """All labels that apply to a text, of a task with `multi_label: true`.

    Args:
        labels: those of a probability above 0.5, in the order of the task's; () if there are none.
        scores: of each label its probability (sigmoid), by itself.
        truncated: as of `PredictedLabel`.
    """

    labels: tuple[str, ...]
    scores: Mapping[str, float]
    truncated: bool = False


@dataclass(frozen=True)
class PredictedValue(Answer):
    """A number, in the unit of the training data.

    Args:
        value: the number.
        truncated: as of `PredictedLabel`.
    """

    value: float
    truncated: bool = False


@dataclass(frozen=True)
class PredictedSpan(Answer):
    """A part of a context that answers a question.

    Args:
        text: the answer, `context[start:end]`; "" where the context has none.
        start: the answer's first character in the given context; None without an answer.
        end: the character after its last one.
        score: 0 to 1: the share of this answer in exp(start + end logit), summed over all pairs of
            tokens of all windows of the context, those of "no answer" included.
        no_answer: by how much "no answer" scores higher than the best answer, in logits; it is
            chosen above 0. None where every question of the task has an answer.
    """

    text: str
    start: int | None
    end: int | None
    score: float
    no_answer: float | None = None


@dataclass(frozen=True)
class Entity:
    """Neighbouring words that tags of a BIO scheme mark as one thing.

    Args:
        label: what they are: `PER` of `B-PER`.
        start: the first word, 0 being the sentence's first. end: the word after the last one.
        score: the mean of its words' scores.
    """

    label: str
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class PredictedTags(Answer):
    """One tag a word; every word of a sentence has one, however long the sentence is.

    Args:
        tags: as many as there are words.
        scores: of each word the probability of its tag, 0 to 1.
        entities: what the tags mark, where they are of a BIO scheme; else ().
    """

    tags: tuple[str, ...]
    scores: tuple[float, ...]
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True)
class PredictedChoice(Answer):
    """One of the given choices.

    Args:
        index: which one, 0 being the first. choice: its text.
        score: its probability, 0 to 1.
        scores: of each choice its probability (softmax).
        truncated: as of `PredictedLabel`, of the context with any of the choices.
    """

    index: int
    choice: str
    score: float
    scores: tuple[float, ...]
    truncated: bool = False


@dataclass(frozen=True)
class PredictedOther(Answer):
    """What a kind of tasks predicts that an installed package adds and says no more of.

    Args:
        prediction: as its metrics read it.
    """

    prediction: object
