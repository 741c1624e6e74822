"""Finds an architecture's classes in `adapters` and transformers, and its layers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, TypeAlias

import transformers
from torch import Tensor, nn

from adapterxlt.backbones.architectures import find
from adapterxlt.backbones.architectures.entry import Architecture
from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import model_config
from adapterxlt.kinds.registry import get_kind, with_heads

STATES = ("hidden_states", "x")  # how layers name their input
AdapterModel: TypeAlias = Any  # its classes do not share a typed base


def architecture_of(model: Any) -> Architecture:
    """Return the entry of a model's architecture."""
    found = find(model.config.model_type)
    assert found is not None  # models are only built for known architectures
    return found


def adapter_class(architecture: Architecture) -> Any:
    """Return the class of models with adapters and heads."""
    place = architecture.model or f"adapters:{architecture.classes}AdapterModel"
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def plain_name(architecture: Architecture, kind: str | None) -> str:
    """Return the name of the class of transformers with a kind of head; None: the encoder alone."""
    head = get_kind(kind).head if kind else None
    return architecture.classes + (head.transformers if head else "Model")


def kinds_by_class(architecture: Architecture) -> dict[str, str]:
    """Return the kind of head of each class of transformers; of several kinds, the first."""
    return {plain_name(architecture, kind): kind for kind in reversed(with_heads())}


def config_class(architecture: Architecture) -> Any:
    """The class of transformers' configurations."""
    return getattr(transformers, f"{architecture.classes}Config")


def config_of(backbone: Backbone) -> Any:
    """A backbone's configuration."""
    return config_class(backbone.architecture)(**model_config(backbone))


def plain_encoder(architecture: Architecture, config: Any) -> Any:
    """Return the encoder of transformers without a pooler; its weights are not loaded yet."""
    options = {"add_pooling_layer": False} if architecture.pooler else {}
    return getattr(transformers, plain_name(architecture, None))(config, **options)


def layers_of(model: Any) -> nn.ModuleList:
    """The layers of a model's encoder."""
    holder, name = _holder(model)
    found: nn.ModuleList = getattr(holder, name)
    return found


class _Through(nn.Module):
    """A layer that changes nothing."""

    def forward(self, states: Tensor, *args: object, **kwargs: object) -> tuple[Tensor, None]:
        return states, None


def keep_lowest(model: Any, count: int) -> None:
    """Remove the layers above `count`, and what comes after the last layer."""
    entry = architecture_of(model)
    holder, name = _holder(model)
    whole = getattr(holder, name)
    if len(whole) == count:
        return
    kept = whole[:count] if count or entry.layerless else nn.ModuleList([_Through()])
    setattr(holder, name, kept)
    if entry.last:
        setattr(model.base_model, entry.last, nn.Identity())


@contextmanager
def lowest_layers(model: Any, count: int) -> Iterator[None]:
    """Do without the layers above `count` while this lasts."""
    last = architecture_of(model).last
    holder, name = _holder(model)
    before = getattr(holder, name), getattr(model.base_model, last) if last else None
    keep_lowest(model, count)
    try:
        yield
    finally:
        setattr(holder, name, before[0])
        if last:
            setattr(model.base_model, last, before[1])


def layers_holder(model: Any) -> nn.Module:
    """Return the module that lists the layers."""
    found: nn.Module = _holder(model)[0]
    return found


def _holder(model: Any) -> tuple[Any, str]:
    """Return the module that lists the layers, and the name of that list in it."""
    outer, _, name = architecture_of(model).layers.rpartition(".")
    return (model.base_model.get_submodule(outer) if outer else model.base_model), name
