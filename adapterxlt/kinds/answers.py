"""The predictions of a model in a form for users. No torch.

Each kind of task returns one of these classes (`Workings.answers`). The predictions are those that
an evaluation scores, and the scores come from the same outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Answer:
    """The prediction for one input; base of the classes below.

    Example:
        >>> xlt.PredictedValue(3.5).as_dict()
        {'value': 3.5, 'truncated': False}
    """

    def as_dict(self) -> dict[str, object]:
        """Return the prediction as plain data, for a line of JSON."""
        return asdict(self)


@dataclass(frozen=True)
class PredictedLabel(Answer):
    """The label of a text or a pair of texts.

    Args:
        label: the most probable label.
        score: its probability, from 0 to 1.
        scores: the probability of each label (softmax), in the order of the task's labels.
        truncated: whether the input was too long, so that its end was cut as in evaluation.
    """

    label: str
    score: float
    scores: Mapping[str, float]
    truncated: bool = False


@dataclass(frozen=True)
class PredictedLabels(Answer):
    """All labels of a text, for a task with `multi_label: true`.

    Args:
        labels: the labels with a probability above 0.5, in the order of the task's labels.
        scores: the probability of each label by itself (sigmoid).
        truncated: as for `PredictedLabel`.
    """

    labels: tuple[str, ...]
    scores: Mapping[str, float]
    truncated: bool = False


@dataclass(frozen=True)
class PredictedValue(Answer):
    """A number, in the unit of the training data.

    Args:
        value: the number.
        truncated: as for `PredictedLabel`.
    """

    value: float
    truncated: bool = False


@dataclass(frozen=True)
class PredictedSpan(Answer):
    """The part of a context that answers a question.

    Args:
        text: the answer, `context[start:end]`; "" if the context has no answer.
        start: the first character of the answer in the context; None if there is no answer.
        end: the character after the last one of the answer; None if there is no answer.
        score: a score from 0 to 1: exp(start + end logit) of this answer, divided by the sum over
            all pairs of tokens in all windows of the context and "no answer".
        no_answer: how much higher "no answer" scores than the best answer, in logits; "no answer"
            is predicted above 0. None for tasks in which every question has an answer.
    """

    text: str
    start: int | None
    end: int | None
    score: float
    no_answer: float | None = None


@dataclass(frozen=True)
class Entity:
    """Adjacent words that form one entity, according to tags in a BIO scheme.

    Args:
        label: the type of the entity, such as `PER` for `B-PER`.
        start: the number of its first word, from 0.
        end: the number of the word after its last one.
        score: the mean score of its words.
    """

    label: str
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class PredictedTags(Answer):
    """One tag for every word of a sentence, even if the sentence is long.

    Args:
        tags: the tags of the words.
        scores: the probability of the tag of each word, from 0 to 1.
        entities: the entities, if the tags follow a BIO scheme; else ().
    """

    tags: tuple[str, ...]
    scores: tuple[float, ...]
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True)
class PredictedChoice(Answer):
    """The predicted one of several choices.

    Args:
        index: the number of the choice, from 0.
        choice: the text of the choice.
        score: its probability, from 0 to 1.
        scores: the probability of each choice (softmax).
        truncated: as for `PredictedLabel`, for the context with any of the choices.
    """

    index: int
    choice: str
    score: float
    scores: tuple[float, ...]
    truncated: bool = False


@dataclass(frozen=True)
class PredictedOther(Answer):
    """The prediction for a task kind of an installed package that has no class of its own.

    Args:
        prediction: the value that the metrics of the kind use.
    """

    prediction: object
