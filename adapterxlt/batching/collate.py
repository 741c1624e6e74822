"""Turns features into padded tensors; a batch is as wide as its longest row."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.registry import get_kind


def collate(features: Sequence[Feature], pad_id: int, kind: str) -> dict[str, Tensor]:
    """Pad features of one kind into a batch.

    Returns `input_ids` and `attention_mask`, [batch, length], for multiple choice
    [batch, choices, length]. Labels are included under the kind's own names, mostly `labels`.

    Raises:
        ValueError: the features differ in their number of rows (choices).
    """
    found = get_kind(kind)
    rows = [row for feature in features for row in feature.input_ids]
    width = max(map(len, rows))
    input_ids = torch.tensor([row + [pad_id] * (width - len(row)) for row in rows])
    real = torch.tensor([len(row) for row in rows])
    attention_mask = (torch.arange(width) < real[:, None]).long()
    if found.takes_choices:
        choices = len(features[0].input_ids)
        if any(len(feature.input_ids) != choices for feature in features):
            raise ValueError("all examples of a batch must have the same number of choices")
        input_ids = input_ids.view(len(features), choices, width)
        attention_mask = attention_mask.view(len(features), choices, width)
    batch = {"input_ids": input_ids, "attention_mask": attention_mask}
    if features[0].label is not None:
        batch |= found.workings.collate(features, width)
    return batch
