"""How many parameters methods train on a backbone; counted without any memory for weights."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from transformers.modeling_utils import no_init_weights

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.methods.parser import parse_method
from adapterxlt.models import tensors
from adapterxlt.models.head_classes import adapter_class, config_of
from adapterxlt.models.parts import new_adapter
from adapterxlt.models.quiet import quiet
from adapterxlt.models.trainable import adapter_part, backbone_part


@quiet()
def trained_parameters(backbone: Backbone, methods: Iterable[str]) -> tuple[dict[str, int], int]:
    """Count the parameters that each method trains, heads left out, and those of the backbone.

    Args:
        methods: as recipes write them; each must work on the backbone.

    Raises:
        AdapterXLTError: the library cannot build a method on this backbone.
    """
    with torch.device("meta"):
        with no_init_weights():
            model = adapter_class(backbone.architecture)(config_of(backbone))
        own = tensors.of_backbone(backbone.architecture)
        total = _count(model, own)  # before there are adapters
        found: dict[str, int] = {}
        for number, method in enumerate(methods):
            parsed = parse_method(method)
            if parsed.is_full:
                found[method] = _count(model, backbone_part(parsed, backbone.architecture))
                continue
            name = f"counted{number}"
            new_adapter(model, name, method, f"`{backbone.name}`")
            found[method] = _count(model, adapter_part(name, method))
    return found, total


def _count(model: nn.Module, belongs: tensors.Belongs) -> int:
    return sum(
        parameter.numel()
        for name, parameter in model.named_parameters()
        if belongs(name) and ".pooler." not in name
    )
