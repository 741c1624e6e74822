"""The data of each optimizer step. They depend only on the seed and the number of the step.

A training is one sequence of steps, so resuming at step n means reading on from item n.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor
from torch.utils.data import Dataset

from adapterxlt.batching.batches import budget_batches, length_batches
from adapterxlt.batching.collate import collate
from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.registry import get_kind
from adapterxlt.kinds.workings import Hiding
from adapterxlt.recipe.schema import Training
from adapterxlt.training.ranks import ALONE, Ranks


@dataclass(frozen=True)
class StepData:
    """The data of one optimizer step.

    Args:
        batches: this process's share of the inputs, in pieces of at most `token_budget` padded
            tokens.
        count: the number by which the sum of the losses of all inputs is divided.
        examples: number of inputs, including those of other processes.
        real_tokens: number of their tokens without padding.
        padded_tokens: the same with padding.
        kind: the kind of the task that the step trains.
        head: name of the head that the step trains; None: the model's only one.
        language: the language of its inputs; "" where that makes no difference.
    """

    batches: tuple[dict[str, Tensor], ...]
    count: int
    examples: int
    real_tokens: int
    padded_tokens: int
    kind: str
    head: str | None = None
    language: str = ""


def epoch_ends(per_epoch: float, total: int) -> list[int]:
    """Return the steps (from 1) after which an epoch ends; the last step always ends one."""
    whole = (round(epoch * per_epoch) for epoch in range(1, math.ceil(total / per_epoch)))
    return sorted({*(max(1, end) for end in whole), total})


class StepSequence(Dataset[StepData]):
    """All steps of a training. Item i is optimizer step i.

    Attributes:
        total: number of steps.
        epoch_ends: the steps after which an epoch ends.
        tail: number of last steps whose mean loss is the report's final loss.
        seed: seed of everything that is drawn at random in the steps.
    """

    total: int
    epoch_ends: list[int]
    tail: int
    seed: int


class Steps(StepSequence):
    """All steps of a training on one task. Item i is optimizer step i.

    Args:
        features: the training inputs.
        kind: the kind of the task.
        settings: batch size, budget, seed and length of the training.
        pad_id: the padding token.
        head: name of the head to train, if the model has several.
        hiding: hides tokens for masked language modelling, different ones in every epoch.
        ranks: the processes that share each step.
        language: the language of the inputs.
    """

    def __init__(
        self,
        features: Sequence[Feature],
        kind: str,
        settings: Training,
        pad_id: int,
        head: str | None = None,
        hiding: Hiding | None = None,
        ranks: Ranks = ALONE,
        language: str = "",
    ) -> None:
        self.language = language
        self.features = features
        self.kind = kind
        self.pad_id = pad_id
        self.head = head
        self.hiding = hiding
        self.ranks = ranks
        self.token_budget = settings.token_budget
        self.batch_size = settings.batch_size
        self.seed = settings.seed or 0
        self.widths = [feature.width for feature in features]
        self.per_epoch = -(-len(features) // settings.batch_size)
        self.total = settings.max_steps or max(1, round((settings.epochs or 1) * self.per_epoch))
        self.epoch_ends = epoch_ends(self.per_epoch, self.total)
        self.tail = max(1, round(0.1 * self.total))
        self._epoch = -1
        self._batches: list[list[int]] = []

    def __len__(self) -> int:
        return self.total

    def __getitem__(self, step: int) -> StepData:
        epoch, position = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._epoch = epoch
            self._batches = length_batches(
                self.widths, self.batch_size, seed=self.seed, epoch=epoch
            )
        chosen = self._batches[position]
        features = [self.features[index] for index in chosen]
        if self.hiding:
            features = [
                self.hiding(feature, (self.seed, epoch, index))
                for index, feature in zip(chosen, features, strict=True)
            ]
        own = self.ranks.share(features)
        batches = tuple(
            collate([own[index] for index in piece], self.pad_id, self.kind)
            for piece in self._pieces(own)
        )
        padded = sum(batch["input_ids"].numel() for batch in batches)
        for other in self.ranks.others():
            share = other.share(features)
            padded += sum(
                len(piece) * max(share[index].width for index in piece)
                for piece in self._pieces(share)
            )
        return StepData(
            batches=batches,
            count=get_kind(self.kind).workings.count(features),
            examples=len(features),
            real_tokens=sum(feature.length for feature in features),
            padded_tokens=padded,
            kind=self.kind,
            head=self.head,
            language=self.language,
        )

    def _pieces(self, features: Sequence[Feature]) -> list[list[int]]:
        """Return which inputs go through the model together, as lists of their numbers.

        Questions with another number of choices cannot be in one tensor. As a step sums its
        losses, it does not matter how its inputs are divided.
        """
        alike: dict[int, list[int]] = {}
        choices = get_kind(self.kind).takes_choices
        for index, feature in enumerate(features):
            rows = len(feature.input_ids) if choices else 0
            alike.setdefault(rows, []).append(index)
        return [
            [own[place] for place in piece]
            for own in alike.values()
            for piece in budget_batches([features[index].width for index in own], self.token_budget)
        ]
