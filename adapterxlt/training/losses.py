"""Terms that are added to the loss of a task; the loss itself is computed by its kind (`kinds`)."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from adapterxlt.models.tensors import FUSION

# Weight of the penalty that keeps AdapterFusion's value matrices near the identity
# (Pfeiffer et al. 2021; `adapters` has the same constant).
FUSION_PENALTY = 0.01


def fusion_penalty(model: nn.Module) -> Tensor | None:
    """Return AdapterFusion's regulariser over all fusion layers that ask for it, None if none does.

    The `adapters` library adds it from a callback after the optimizer step. An interruption there
    loses its gradient, and the library ignores the configuration's `regularization`.
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
