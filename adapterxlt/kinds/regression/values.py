"""The workings of regression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import mse_loss
from transformers import PreTrainedTokenizerBase

from adapterxlt.kinds.answers import Answer, PredictedValue
from adapterxlt.kinds.facts import HeadFacts, Limits, TaskFacts
from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.one_or_two_texts import rows_of
from adapterxlt.kinds.regression import ValuedText
from adapterxlt.kinds.workings import Logits, Outputs, Prediction, Workings, missing_label
from adapterxlt.metrics.statistics import Column


class Regression(Workings):
    """The head has one output, which is the number."""

    def encode(
        self,
        examples: Sequence[ValuedText],
        tokenizer: PreTrainedTokenizerBase,
        limits: Limits,
        labels: Sequence[str] | None,
    ) -> list[Feature]:
        features = []
        for index, row in enumerate(rows_of(examples, tokenizer, limits.max_length)):
            value = examples[index].value
            if labels is not None and value is None:
                raise missing_label(examples[index])
            number = None if labels is None or value is None else float(value)
            features.append(Feature(index, [row], number))
        return features

    def collate(self, features: Sequence[Feature], width: int) -> dict[str, Tensor]:
        return {"labels": torch.tensor([feature.label for feature in features], dtype=torch.float)}

    def add_head(self, model: Any, name: str, head: HeadFacts, activation: str) -> None:
        model.add_classification_head(name, num_labels=1, activation_function=activation)

    def loss(self, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
        return mse_loss(outputs.logits.float()[:, 0], batch["labels"], reduction="sum")

    def decode(
        self,
        examples: Sequence[ValuedText],
        outputs: Outputs,
        task: TaskFacts,
        odds: dict[str, float] | None,
    ) -> list[Prediction]:
        values = [0.0] * len(examples)
        for feature, output in outputs:
            values[feature.example] = float(output["logits"][0])
        return list(values)

    def answers(
        self,
        examples: Sequence[ValuedText],
        outputs: Sequence[tuple[Feature, dict[str, Logits]]],
        task: TaskFacts,
    ) -> list[Answer]:
        values = [0.0] * len(examples)
        for feature, output in outputs:
            values[feature.example] = float(output["logits"][0])
        return [PredictedValue(value) for value in values]

    def right(self, example: ValuedText, task: TaskFacts) -> object:
        return example.value

    def outcomes(
        self,
        examples: Sequence[ValuedText],
        predictions: Sequence[float],
        task: TaskFacts,
        language: str,
    ) -> dict[str, Column]:
        gold = np.array([example.value for example in examples], dtype=np.float64)
        return {"gold_value": gold, "predicted_value": np.array(predictions, dtype=np.float64)}

    def shown(self, prediction: float, task: TaskFacts) -> str:
        return f"{prediction:.6g}"
