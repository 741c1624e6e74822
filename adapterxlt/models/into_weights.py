"""LoRA and its kin merged into the backbone's weights, where that is possible."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from adapters.context import ForwardContext
from adapters.methods.lora import LoRALinear
from torch import Tensor

from adapterxlt.methods.parser import parse_method
from adapterxlt.methods.table import METHODS
from adapterxlt.models import tensors
from adapterxlt.models.parts import Built
from adapterxlt.models.setup import activate
from adapterxlt.models.spec import ModelSpec


def why_not(spec: ModelSpec) -> str | None:
    """Why the adapters of a model cannot be merged into weights; None if they can."""
    if not isinstance(spec.setup, str):
        return "a stack or a fusion has additional layers"
    for part in parse_method(spec.adapters[0].method).flat():
        if METHODS[part.name].family != "lora":
            return f"`{part.name}` adds layers or vectors"
        if part.resolved["use_gating"]:
            return f"the gates of `{part.name}` depend on the input"
    return None


def merged(built: Built) -> dict[str, Tensor]:
    """The backbone's tensors that LoRA changes, as changed.

    Whatever LoRA, DoRA, VeRA or (IA)3 do to a layer, in the end it is linear: what it makes of
    nothing is its bias, what it makes of unit vectors its weight. (`merge_adapter` of `adapters`
    forgets that DoRA and (IA)3 scale the bias too.)
    """
    found = {}
    for name, layer in built.model.named_modules():
        if isinstance(layer, LoRALinear) and layer.loras:
            width = layer.weight.shape[1]
            units = torch.cat([torch.zeros(1, width), torch.eye(width)]).to(layer.weight.device)
            # The context holds what VeRA shares among layers.
            with ForwardContext(built.model.base_model, input_ids=units[None]):
                nothing, *columns = layer(units[None])[0]
            if layer.bias is not None:
                found[f"{name}.bias"] = nothing
            found[f"{name}.weight"] = torch.stack([column - nothing for column in columns], dim=1)
    return found


@contextmanager
def in_weights(built: Built) -> Iterator[None]:
    """Let a model compute with its LoRA merged into the weights for a while.

    Afterwards it is as before, to the bit.

    Args:
        built: a model in evaluation mode; `why_not` says nothing against it.
    """
    spec, model = built.spec, built.model
    assert spec is not None
    head = model.active_head
    own = tensors.select(model, tensors.of_backbone(built.backbone.architecture))
    with torch.no_grad():
        new = merged(built)
        old = {name: own[name].clone() for name in new}
        try:
            for name in old:
                own[name].copy_(new[name])
            model.active_adapters = None
            model.active_head = head
            yield
        finally:
            for name, tensor in old.items():
                own[name].copy_(tensor)
            activate(model, spec)
            model.active_head = head
