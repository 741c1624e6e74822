"""Losses, as sums: so that a batch cut into pieces adds up to the same step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from adapterxlt.batching.encode import IGNORED, Feature
from adapterxlt.models.tensors import FUSION
from adapterxlt.tasks.types import Kind

# Weight of the penalty that keeps AdapterFusion's value matrices near the identity
# (Pfeiffer et al. 2021; `adapters` has the same constant).
FUSION_PENALTY = 0.01


def loss_sum(kind: Kind, outputs: Any, batch: Mapping[str, Tensor]) -> Tensor:
    """Sum of the losses of a batch: over examples, for tagging over labelled tokens, for masked
    language modelling over masked ones (the only ones that the head scores).

    Span QA counts the mean of start and end an example, over real tokens: were padding among the
    candidates, the loss would depend on what else is in the batch. In float32, whatever the model
    ran in.
    """
    if kind == "span_qa":
        padding = batch["attention_mask"] == 0
        start = outputs.start_logits.float().masked_fill(padding, float("-inf"))
        end = outputs.end_logits.float().masked_fill(padding, float("-inf"))
        start_loss = cross_entropy(start, batch["start_positions"], reduction="sum")
        return (start_loss + cross_entropy(end, batch["end_positions"], reduction="sum")) / 2
    logits = outputs.logits.float()
    if kind == "tagging":
        logits, labels = logits.flatten(0, 1), batch["labels"].flatten()
        return cross_entropy(logits, labels, ignore_index=IGNORED, reduction="sum")
    if kind == "mlm":
        hidden = batch["labels"][batch["masked"]]
        return cross_entropy(logits.flatten(0, 1), hidden, reduction="sum")
    return cross_entropy(logits, batch["labels"], reduction="sum")


def loss_count(kind: Kind, features: list[Feature]) -> int:
    """What `loss_sum` over these features is divided by, at least 1."""
    if kind not in ("tagging", "mlm"):
        return len(features)
    labels = (feature.label for feature in features)
    labelled = sum(tag != IGNORED for row in labels if isinstance(row, list) for tag in row)
    return max(1, labelled)


def fusion_penalty(model: nn.Module) -> Tensor | None:
    """AdapterFusion's regulariser over all fusion layers that ask for it, None if none does.

    The library adds it from a callback after the optimizer step, so that its gradient is lost
    when training is interrupted there, and never looks at the configuration's `regularization`.
    """
    total: Tensor | None = None
    module: Any
    for name, module in model.named_modules():
        parts = name.split(".")
        if len(parts) < 2 or parts[-2] != FUSION or not module.config["regularization"]:
            continue
        weight = module.value.weight
        if not weight.requires_grad:
            continue
        identity = torch.eye(*weight.shape, dtype=weight.dtype, device=weight.device)
        penalty = FUSION_PENALTY * (identity - weight).pow(2).sum()
        total = penalty if total is None else total + penalty
    return total
