"""The workings of pair classification."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from transformers import PreTrainedTokenizerBase

from adapterxlt.kinds.answers import Answer, PredictedLabel
from adapterxlt.kinds.facts import HeadFacts, Limits, TaskFacts
from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.workings import (
    Logits,
    Outputs,
    Prediction,
    Workings,
    best_classes,
    label_columns,
    missing_label,
    probabilities,
    text_rows,
)
from adapterxlt.metrics.columns import query_columns
from adapterxlt.metrics.counts import accuracy, set_scores
from adapterxlt.metrics.ranking import mean_ndcg
from adapterxlt.metrics.statistics import Column


class PairClassification(Workings):
    """Both texts are in one row, and the head has one output per label."""

    def encode(
        self,
        examples: Sequence[PairExample],
        tokenizer: PreTrainedTokenizerBase,
        limits: Limits,
        labels: Sequence[str] | None,
    ) -> list[Feature]:
        first = [example.text_a for example in examples]
        second = [example.text_b for example in examples]
        features = []
        for index, ids in enumerate(text_rows(tokenizer, first, second, limits.max_length)):
            label = None if labels is None else examples[index].label
            if labels is not None and label is None:
                raise missing_label(examples[index])
            features.append(Feature(index, [ids], label))
        return features

    def add_head(self, model: Any, name: str, head: HeadFacts, activation: str) -> None:
        names = dict(enumerate(head.labels))
        model.add_classification_head(
            name, num_labels=len(names), id2label=names, activation_function=activation
        )

    def decode(
        self,
        examples: Sequence[PairExample],
        outputs: Outputs,
        task: TaskFacts,
        odds: dict[str, float] | None,
    ) -> list[Prediction]:
        return list(best_classes(len(examples), outputs))

    def answers(
        self,
        examples: Sequence[PairExample],
        outputs: Sequence[tuple[Feature, dict[str, Logits]]],
        task: TaskFacts,
    ) -> list[Answer]:
        chosen = best_classes(len(examples), outputs)
        return [
            PredictedLabel(task.labels[best], row[best], dict(zip(task.labels, row, strict=True)))
            for best, row in zip(chosen, probabilities(len(examples), outputs), strict=True)
        ]

    def right(self, example: PairExample, task: TaskFacts) -> object:
        return None if example.label is None else task.labels[example.label]

    def named(self, prediction: int, task: TaskFacts) -> object:
        return task.labels[prediction]

    def score(
        self,
        examples: Sequence[PairExample],
        predictions: Sequence[int],
        task: TaskFacts,
        language: str,
    ) -> dict[str, float]:
        """Accuracy; of two classes also the F1 of the second, and the mean of both (GLUE's QQP);
        where ratings are predicted, nDCG."""
        gold = [example.label for example in examples]
        right = accuracy(gold, predictions)
        sides = [[n for n, label in enumerate(side) if label == 1] for side in (gold, predictions)]
        f1 = set_scores(*sides)["f1"]
        found = {"accuracy": right, "f1": f1, "accuracy_and_f1": (right + f1) / 2}
        if "ndcg" in task.metrics:
            found["ndcg"] = _ndcg(examples, predictions, task)
        return found

    def outcomes(
        self,
        examples: Sequence[PairExample],
        predictions: Sequence[int],
        task: TaskFacts,
        language: str,
    ) -> dict[str, Column]:
        """Numbers of labels; where ratings are predicted also the nDCG of each query, at its first
        document."""
        found = label_columns(examples, predictions)
        if "ndcg" not in task.metrics:
            return found
        return found | query_columns(*_rated(examples, predictions, task))

    def shown(self, prediction: int, task: TaskFacts) -> str:
        return task.labels[prediction]


def _ndcg(examples: Sequence[PairExample], predictions: Sequence[int], task: TaskFacts) -> float:
    """nDCG of predicted ratings; the documents of a query follow each other in the file (XGLUE)."""
    value, _ = mean_ndcg(*_rated(examples, predictions, task))
    return 100 * value


def _rated(
    examples: Sequence[PairExample], predictions: Sequence[int], task: TaskFacts
) -> tuple[list[str], list[float], list[float]]:
    """The query of each document, its rating, and the predicted one."""
    ratings = [float(label) for label in task.labels]
    return (
        [example.text_a for example in examples],
        [ratings[example.label or 0] for example in examples],
        [ratings[each] for each in predictions],
    )
