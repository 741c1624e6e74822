"""The workings of text classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from transformers import PreTrainedTokenizerBase

from adapterxlt.errors import MissingDataError
from adapterxlt.kinds.answers import Answer, PredictedLabel, PredictedLabels
from adapterxlt.kinds.facts import HeadFacts, Limits, TaskFacts
from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.one_or_two_texts import rows_of
from adapterxlt.kinds.text_classification import LabelledText
from adapterxlt.kinds.workings import (
    Logits,
    Outputs,
    Prediction,
    Workings,
    missing_label,
    probabilities,
)
from adapterxlt.metrics.statistics import Column


class TextClassification(Workings):
    """One output per label: the highest is the label; with several labels, those above 0 are."""

    def encode(
        self,
        examples: Sequence[LabelledText],
        tokenizer: PreTrainedTokenizerBase,
        limits: Limits,
        labels: Sequence[str] | None,
    ) -> list[Feature]:
        rows = rows_of(examples, tokenizer, limits.max_length)
        numbers = {label: number for number, label in enumerate(labels or ())}
        return [
            Feature(index, [row], None if labels is None else _label(example, numbers))
            for index, (example, row) in enumerate(zip(examples, rows, strict=True))
        ]

    def collate(self, features: Sequence[Feature], width: int) -> dict[str, Tensor]:
        labels = torch.tensor([feature.label for feature in features])
        return {"labels": labels if labels.dim() == 1 else labels.float()}

    def add_head(self, model: Any, name: str, head: HeadFacts, activation: str) -> None:
        names = dict(enumerate(head.labels))
        model.add_classification_head(
            name,
            num_labels=len(names),
            id2label=names,
            multilabel=head.multi_label,
            activation_function=activation,
        )

    def loss(self, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
        """With several labels, the mean over all labels of whether each is right."""
        logits, labels = outputs.logits.float(), batch["labels"]
        if labels.dim() == 1:
            return cross_entropy(logits, labels, reduction="sum")
        each = binary_cross_entropy_with_logits(logits, labels, reduction="none")
        return each.mean(dim=1).sum()

    def decode(
        self,
        examples: Sequence[LabelledText],
        outputs: Outputs,
        task: TaskFacts,
        odds: dict[str, float] | None,
    ) -> list[Prediction]:
        """Names of labels; several are in the order of the task's labels."""
        found: list[Prediction] = [""] * len(examples)
        for feature, output in outputs:
            logits = output["logits"]
            if task.multi_label:
                chosen = (logits > 0).nonzero()[0]
                found[feature.example] = tuple(task.labels[number] for number in chosen)
            else:
                found[feature.example] = task.labels[int(logits.argmax())]
        return found

    def answers(
        self,
        examples: Sequence[LabelledText],
        outputs: Sequence[tuple[Feature, dict[str, Logits]]],
        task: TaskFacts,
    ) -> list[Answer]:
        chosen: list[Any] = self.decode(examples, outputs, task, None)
        if task.multi_label:
            alone = [[0.0]] * len(examples)
            for feature, output in outputs:
                # Not exp(-x), which overflows.
                alone[feature.example] = (np.tanh(output["logits"] / 2) / 2 + 0.5).tolist()
            return [
                PredictedLabels(labels, dict(zip(task.labels, row, strict=True)))
                for labels, row in zip(chosen, alone, strict=True)
            ]
        scored = (
            dict(zip(task.labels, row, strict=True))
            for row in probabilities(len(examples), outputs)
        )
        return [
            PredictedLabel(label, scores[label], scores)
            for label, scores in zip(chosen, scored, strict=True)
        ]

    def right(self, example: LabelledText, task: TaskFacts) -> object:
        if not task.multi_label:
            return example.label
        return tuple(label for label in task.labels if label in (example.labels or ()))

    def outcomes(
        self,
        examples: Sequence[LabelledText],
        predictions: Sequence[Any],
        task: TaskFacts,
        language: str,
    ) -> dict[str, Column]:
        """Numbers of labels; with several labels, whether each applies, [examples, labels]."""
        sides = {"gold": [self.right(each, task) for each in examples], "predicted": predictions}
        if task.multi_label:
            return {
                side: np.array([[label in given for label in task.labels] for given in listed])
                for side, listed in sides.items()
            }
        number = {label: number for number, label in enumerate(task.labels)}
        return {side: np.array([number[each] for each in sides[side]]) for side in sides}

    def shown(self, prediction: Any, task: TaskFacts) -> str:
        """Several labels are joined by `|`."""
        return prediction if isinstance(prediction, str) else "|".join(prediction)


def _label(example: LabelledText, numbers: Mapping[str, int]) -> int | list[int]:
    """The number of its label; with several labels, 0 or 1 for each."""
    given = example.labels if example.label is None else (example.label,)
    if given is None:
        raise missing_label(example)
    unknown = [label for label in given if label not in numbers]
    if unknown:
        raise MissingDataError(
            f"example `{example.id}` has the label `{unknown[0]}`, which is not a label of its "
            "task",
            hint=f"the task has {', '.join(numbers)}",
        )
    if example.label is not None:
        return numbers[example.label]
    return [int(label in given) for label in numbers]
