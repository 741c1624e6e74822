"""The workings of multiple choice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerBase

from adapterxlt.kinds.answers import Answer, PredictedChoice
from adapterxlt.kinds.facts import HeadFacts, Limits, TaskFacts
from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.workings import (
    Logits,
    Outputs,
    Prediction,
    Workings,
    best_classes,
    halves,
    label_columns,
    missing_label,
    probabilities,
    text_rows,
)
from adapterxlt.metrics.counts import accuracy
from adapterxlt.metrics.statistics import Column


class MultipleChoice(Workings):
    """One row per choice, after the context; the head scores each row."""

    def encode(
        self,
        examples: Sequence[ChoiceExample],
        tokenizer: PreTrainedTokenizerBase,
        limits: Limits,
        labels: Sequence[str] | None,
    ) -> list[Feature]:
        first = [example.context for example in examples for _ in example.choices]
        second = [choice for example in examples for choice in example.choices]
        rows = iter(text_rows(tokenizer, first, second, limits.max_length))
        features = []
        for index, example in enumerate(examples):
            if labels is not None and example.label is None:
                raise missing_label(example)
            ids = [next(rows) for _ in example.choices]
            features.append(Feature(index, ids, None if labels is None else example.label))
        return features

    def points(self, features: Sequence[Feature], draw: np.random.Generator) -> list[Feature]:
        """The right choice of a random half of the examples, class 1; of the others a wrong one."""
        several = [feature for feature in features if len(feature.input_ids) > 1]
        found = []
        for feature, right in zip(several, halves(len(several), draw), strict=True):
            label = feature.label
            assert isinstance(label, int)  # as `encode` writes it
            wrong = [row for row in range(len(feature.input_ids)) if row != label]
            chosen = label if right else int(draw.choice(wrong))
            found.append(Feature(feature.example, [feature.input_ids[chosen]], int(right)))
        return found

    def add_head(self, model: Any, name: str, head: HeadFacts, activation: str) -> None:
        model.add_multiple_choice_head(name, activation_function=activation)
        model.register_forward_pre_hook(_flatten_choices, with_kwargs=True)

    def decode(
        self,
        examples: Sequence[ChoiceExample],
        outputs: Outputs,
        task: TaskFacts,
        odds: dict[str, float] | None,
    ) -> list[Prediction]:
        return list(best_classes(len(examples), outputs))

    def answers(
        self,
        examples: Sequence[ChoiceExample],
        outputs: Sequence[tuple[Feature, dict[str, Logits]]],
        task: TaskFacts,
    ) -> list[Answer]:
        chosen = best_classes(len(examples), outputs)
        rows = probabilities(len(examples), outputs)
        return [
            PredictedChoice(best, example.choices[best], row[best], tuple(row))
            for example, best, row in zip(examples, chosen, rows, strict=True)
        ]

    def right(self, example: ChoiceExample, task: TaskFacts) -> object:
        return example.label

    def score(
        self,
        examples: Sequence[ChoiceExample],
        predictions: Sequence[int],
        task: TaskFacts,
        language: str,
    ) -> dict[str, float]:
        return {"accuracy": accuracy([example.label for example in examples], predictions)}

    def outcomes(
        self,
        examples: Sequence[ChoiceExample],
        predictions: Sequence[int],
        task: TaskFacts,
        language: str,
    ) -> dict[str, Column]:
        return label_columns(examples, predictions)

    def shown(self, prediction: int, task: TaskFacts) -> str:
        return task.labels[prediction]


def _flatten_choices(
    model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """Turn [batch, choices, length] into rows, and tell the head how many choices there are.

    The head scores one row at a time, so it takes any number of choices; `adapters` fixes it
    at creation, and computes per-row positions before it flattens the input itself.
    """
    ids = kwargs.get("input_ids")
    if ids is None or ids.dim() != 3:
        return None
    model.heads[model.active_head].config["num_choices"] = ids.shape[1]
    kwargs["input_ids"] = ids.flatten(0, 1)
    if kwargs.get("attention_mask") is not None:
        kwargs["attention_mask"] = kwargs["attention_mask"].flatten(0, 1)
    return args, kwargs
