"""The work of a kind with torch: inputs, head, loss, predictions and metrics."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from transformers import PreTrainedTokenizerBase

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.answers import Answer, PredictedOther
from adapterxlt.kinds.facts import Example, HeadFacts, Limits, TaskFacts
from adapterxlt.kinds.features import Feature
from adapterxlt.lines import on_one_line
from adapterxlt.metrics.statistics import Column

Logits = npt.NDArray[np.float32]
# Class or choice index | one tag index a word | answer text or label | labels | number.
Prediction = int | list[int] | str | tuple[str, ...] | float
# Each model input with its logits by name.
Outputs = Iterable[tuple[Feature, dict[str, Logits]]]

# An input with some of its words hidden, the same ones for the same seed.
Hiding = Callable[[Feature, tuple[int, ...]], Feature]


class Workings(ABC):
    """The workings of one kind; this base holds what most kinds share."""

    @abstractmethod
    def encode(
        self,
        examples: Sequence[Any],
        tokenizer: PreTrainedTokenizerBase,
        limits: Limits,
        labels: Sequence[str] | None,
    ) -> list[Feature]:
        """The inputs of examples, in order; nothing is padded.

        Args:
            labels: the task's labels; None: encode without labels.

        Raises:
            MissingDataError: an example has no label, though `labels` are given.
        """

    def collate(self, features: Sequence[Feature], width: int) -> dict[str, Tensor]:
        """The labels of a batch whose rows are `width` tokens long."""
        return {"labels": torch.tensor([feature.label for feature in features])}

    @abstractmethod
    def add_head(self, model: Any, name: str, head: HeadFacts, activation: str) -> None:
        """Add a new head to a model of `adapters`; sizes as it has them by default.

        Args:
            activation: the one that the backbone's own heads have between their layers.
        """

    def loss(self, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """Sum of the losses of a batch, in float32, whatever the model ran in."""
        return cross_entropy(outputs.logits.float(), batch["labels"], reduction="sum")

    def count(self, features: Sequence[Feature]) -> int:
        """What `loss` over these features is divided by, at least 1."""
        return len(features)

    def points(self, features: Sequence[Feature], draw: np.random.Generator) -> list[Feature]:
        """Return inputs of one row each, whose frozen features tell classes apart.

        Each has one class, or a class for some of its tokens and `IGNORED` for the others. Where
        the classes are parts of the same text, an input has one of them: a point must not be
        near another one only because both are of the same text.

        Args:
            features: of examples, with their labels.
            draw: chooses among the parts of an example.
        """
        return list(features)

    def hiding(self, tokenizer: PreTrainedTokenizerBase) -> Hiding | None:
        """Changes an input in every epoch, by hiding words; None: it stays as it is."""
        return None

    @abstractmethod
    def decode(
        self,
        examples: Sequence[Any],
        outputs: Outputs,
        task: TaskFacts,
        odds: dict[str, float] | None,
    ) -> list[Prediction]:
        """One prediction an example, in order.

        Args:
            outputs: of every input of the examples, in any order.
            odds: filled by example id with how much "no answer" is to be preferred, if the kind
                knows that.
        """

    def answers(
        self,
        examples: Sequence[Any],
        outputs: Sequence[tuple[Feature, dict[str, Logits]]],
        task: TaskFacts,
    ) -> list[Answer]:
        """What is predicted of each example, in order, with scores: what `decode` chooses.

        Args:
            outputs: of every input of the examples, in any order.
        """
        found = self.decode(examples, outputs, task, None)
        return [PredictedOther(self.named(prediction, task)) for prediction in found]

    @abstractmethod
    def right(self, example: Any, task: TaskFacts) -> object:
        """What a right prediction of an example would be, as metrics read it: names of labels,
        texts, numbers."""

    def named(self, prediction: Any, task: TaskFacts) -> object:
        """A prediction as metrics read it."""
        return prediction

    def score(
        self,
        examples: Sequence[Any],
        predictions: Sequence[Any],
        task: TaskFacts,
        language: str,
    ) -> dict[str, float]:
        """The metrics that this kind measures in a way of its own.

        All others are measured on what is `right` and what is predicted (`metrics.facts`).

        Args:
            examples: with their labels.
        """
        return {}

    def outcomes(
        self,
        examples: Sequence[Any],
        predictions: Sequence[Any],
        task: TaskFacts,
        language: str,
    ) -> dict[str, Column]:
        """What every example came to, in columns that metrics are computed from again.

        Their names are those that `metrics.statistics` reads; `group` numbers examples that are
        sampled together, as they are not independent. Without columns, models can be compared on
        such tasks by their values only.

        Args:
            examples: with their labels.
        """
        return {}

    def submission(
        self, examples: Sequence[Any], predictions: Sequence[Any], task: TaskFacts
    ) -> str:
        """The text of a file of predictions, as benchmarks want it: one per line."""
        return "".join(f"{on_one_line(self.shown(each, task))}\n" for each in predictions)

    def shown(self, prediction: Any, task: TaskFacts) -> str:
        """A prediction on a line of a file."""
        return str(prediction)


def halves(count: int, draw: np.random.Generator) -> list[bool]:
    """A random half of so many, or one less than the rest; for classes of the same size."""
    chosen = np.zeros(count, dtype=bool)
    chosen[draw.permutation(count)[: count // 2]] = True
    found: list[bool] = chosen.tolist()
    return found


def text_rows(
    tokenizer: PreTrainedTokenizerBase,
    first: list[str],
    second: list[str] | None,
    max_length: int,
) -> list[list[int]]:
    """Token ids of texts, or of pairs, each cut to `max_length` (the longer text first)."""
    encoded = tokenizer(
        first,
        second,
        truncation="longest_first",
        max_length=max_length,
        return_attention_mask=False,
        return_token_type_ids=False,
    )
    rows: list[list[int]] = encoded["input_ids"]
    return rows


def label_columns(examples: Sequence[Any], predictions: Sequence[int]) -> dict[str, Column]:
    """Outcomes of examples of one label: its number, and the predicted one."""
    return {
        "gold": np.array([example.label for example in examples], dtype=np.int64),
        "predicted": np.array(predictions, dtype=np.int64),
    }


def missing_label(example: Example) -> MissingDataError:
    """What is raised for an example that is to be trained on without a label."""
    return MissingDataError(
        f"example `{example.id}` has no label, so it cannot be trained on",
        hint="choose a split whose labels are published",
    )


def softmax(logits: Logits) -> npt.NDArray[np.float64]:
    """Probabilities over the last axis."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    powers = np.exp(shifted)
    found: npt.NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return found


def probabilities(count: int, outputs: Outputs) -> list[list[float]]:
    """The value of every output for each example, if one of the outputs is chosen."""
    found: list[list[float]] = [[]] * count
    for feature, output in outputs:
        found[feature.example] = softmax(output["logits"]).tolist()
    return found


def best_classes(count: int, outputs: Outputs) -> list[int]:
    """The index of the highest logit of each example."""
    classes = [-1] * count
    for feature, output in outputs:
        classes[feature.example] = int(output["logits"].argmax())
    return classes
