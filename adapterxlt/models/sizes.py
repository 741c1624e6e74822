"""Counts the parameters that methods train on a backbone, without memory for weights."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from transformers.modeling_utils import no_init_weights

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.methods.parser import parse_method
from adapterxlt.models import tensors
from adapterxlt.models.head_classes import adapter_class, architecture_of, config_of
from adapterxlt.models.parts import Built, new_adapter
from adapterxlt.models.quiet import quiet
from adapterxlt.models.trainable import adapter_part, backbone_part


@quiet()
def trained_parameters(backbone: Backbone, methods: Iterable[str]) -> tuple[dict[str, int], int]:
    """Count the parameters that each method trains (without heads), and those of the backbone.

    Args:
        methods: the methods as recipes write them; each must work on the backbone.

    Raises:
        AdapterXLTError: the library cannot build a method on this backbone.
    """
    with torch.device("meta"):
        with no_init_weights():
            model = adapter_class(backbone.architecture)(config_of(backbone))
        own = tensors.of_backbone(backbone.architecture)
        total = _count(model, own)  # counted before adapters are added
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


def sizes_of(built: Built) -> dict[str, int]:
    """Count what a model will train, for `results.costs.Measured`."""
    own = tensors.of_backbone(architecture_of(built.model))
    parameters = dict(built.model.named_parameters())
    trained = {name: one.numel() for name, one in parameters.items() if one.requires_grad}
    trained |= {name: int(mask.sum()) for name, mask in built.masks.items() if name in trained}
    heads = sum(count for name, count in trained.items() if name.startswith("heads."))
    return {
        "parameters": sum(trained.values()) - heads,
        "head_parameters": heads,
        "backbone_parameters": _count(built.model, own),
    }


def _count(model: nn.Module, belongs: tensors.Belongs) -> int:
    return sum(
        parameter.numel()
        for name, parameter in model.named_parameters()
        if belongs(name) and ".pooler." not in name
    )
