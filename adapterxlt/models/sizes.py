"""Counts the parameters that methods train on a backbone, without memory for weights."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from transformers.modeling_utils import no_init_weights

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.methods.parser import parse_method
from adapterxlt.methods.table import METHODS
from adapterxlt.models import tensors
from adapterxlt.models.head_classes import adapter_class, architecture_of, config_of
from adapterxlt.models.parts import Built, new_adapter
from adapterxlt.models.quiet import quiet
from adapterxlt.models.trainable import adapter_part, backbone_part


@quiet()
def trained_parameters(backbone: Backbone, methods: Iterable[str]) -> tuple[dict[str, int], int]:
    """Count the parameters that each method trains (without heads), and those of the backbone.

    For a sparse fine-tune, it is the most that its density allows. In ReFT, only those count that
    see a position.

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
                count = _count(model, backbone_part(parsed, backbone.architecture))
                found[method] = count if parsed.density is None else int(parsed.density * count)
                continue
            name = f"counted{number}"
            new_adapter(model, name, method, f"`{backbone.name}`")
            part, idle = adapter_part(name, method), _idle(name, method)
            found[method] = _count(model, part) - _count(model, idle)
    return found, total


def sizes_of(built: Built) -> dict[str, int]:
    """Count what a model will train, for `results.costs.Measured`."""
    own = tensors.of_backbone(architecture_of(built.model))
    parameters = dict(built.model.named_parameters())
    trained = {name: one.numel() for name, one in parameters.items() if one.requires_grad}
    for adapter in built.spec.adapters if built.spec is not None else ():
        idle = _idle(adapter.name, adapter.method)
        trained = {name: count for name, count in trained.items() if not idle(name)}
    trained |= {name: int(mask.sum()) for name, mask in built.masks.items() if name in trained}
    heads = sum(count for name, count in trained.items() if name.startswith("heads."))
    return {
        "parameters": sum(trained.values()) - heads,
        "head_parameters": heads,
        "backbone_parameters": _count(built.model, own),
    }


def _idle(adapter: str, method: str) -> tensors.Belongs:
    """Selects the tensors of an adapter that see no position, so that training never changes them.

    ReFT has a unit for the first positions and one for the last, also if it edits none of them.
    """
    own = tensors.of_adapter(adapter)
    units: list[str] = []
    for part in parse_method(method).flat():
        if METHODS[part.name].family == "reft":
            first, last = (part.resolved[f"{side}_positions"] for side in ("prefix", "suffix"))
            seen = [first or last] if part.resolved["tied_weights"] else [first, last]
            units = [f".units.{number}." for number, count in enumerate(seen) if not count]
    return lambda tensor: own(tensor) and any(unit in tensor for unit in units)


def _count(model: nn.Module, belongs: tensors.Belongs) -> int:
    return sum(
        parameter.numel()
        for name, parameter in model.named_parameters()
        if belongs(name) and ".pooler." not in name
    )
