"""Features -> padded tensors; every batch is only as wide as its longest row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from adapterxlt.batching.encode import IGNORED, Feature
from adapterxlt.tasks.types import Kind


def collate(features: Sequence[Feature], pad_id: int, kind: Kind) -> dict[str, Tensor]:
    """Pad features of one kind into a batch.

    Returns `input_ids` and `attention_mask`, [batch, length], for multiple choice
    [batch, choices, length]; with labels also `labels` ([batch], for tagging [batch, length]
    with -100 where there is none) or, for span QA, `start_positions` and `end_positions`. For
    masked language modelling `labels` is as for tagging, and `masked` says where there is one.

    Raises:
        ValueError: multiple-choice features with different numbers of choices.
    """
    rows = [row for feature in features for row in feature.input_ids]
    width = max(map(len, rows))
    input_ids = torch.tensor([row + [pad_id] * (width - len(row)) for row in rows])
    real = torch.tensor([len(row) for row in rows])
    attention_mask = (torch.arange(width) < real[:, None]).long()
    if kind == "multiple_choice":
        choices = len(features[0].input_ids)
        if any(len(feature.input_ids) != choices for feature in features):
            raise ValueError("the examples of a batch must have equally many choices")
        input_ids = input_ids.view(len(features), choices, width)
        attention_mask = attention_mask.view(len(features), choices, width)
    batch = {"input_ids": input_ids, "attention_mask": attention_mask}
    labels = [feature.label for feature in features]
    if labels[0] is None:
        return batch
    if kind in ("tagging", "mlm"):
        rows_of_tags = cast(list[list[int]], labels)
        padded = [tags + [IGNORED] * (width - len(tags)) for tags in rows_of_tags]
        batch["labels"] = torch.tensor(padded)
        if kind == "mlm":
            batch["masked"] = batch["labels"] != IGNORED
    elif kind == "span_qa":
        spans = torch.tensor(labels)
        batch["start_positions"], batch["end_positions"] = spans[:, 0], spans[:, 1]
    else:
        batch["labels"] = torch.tensor(labels)
    return batch
