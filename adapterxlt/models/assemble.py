"""Does the last steps of building a model for training: new heads and trainable tensors."""

from __future__ import annotations

from collections.abc import Sequence, Set

import torch

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.kinds.registry import get_kind
from adapterxlt.models.base import load_tokenizer
from adapterxlt.models.dropout import quicken_dropout
from adapterxlt.models.head_classes import AdapterModel
from adapterxlt.models.heads import add_head
from adapterxlt.models.lm_head import unfreeze_bias
from adapterxlt.models.parts import Built, hide_prompt_of
from adapterxlt.models.pretrained_head import start_pretrained
from adapterxlt.models.setup import activate
from adapterxlt.models.spec import (
    ADAPTERS_FOLDER,
    AdapterSpec,
    ModelSpec,
    Setup,
    setup_names,
)
from adapterxlt.models.trainable import assert_trainable, silence_frozen_dropout


def train_only(model: AdapterModel, wanted: Set[str]) -> None:
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name in wanted


def ready_to_train(
    model: AdapterModel,
    backbone: Backbone,
    spec: ModelSpec,
    frozen_dropout: bool,
    members: Sequence[str] = (),
) -> Built:
    """Compose and check a model; see `trainable.expected_trainable` for `members`."""
    activate(model, spec)
    hide_prompt_of(model, spec)
    unfreeze_bias(model)
    if not frozen_dropout:
        silence_frozen_dropout(model)
    quicken_dropout(model)
    model.train()
    assert_trainable(model, spec, members)
    return Built(model, load_tokenizer(backbone), backbone, spec, members=members)


def new_heads(model: AdapterModel, spec: ModelSpec, backbone: Backbone, seed: int) -> None:
    for head in spec.heads:
        name = spec.head_name(head)
        torch.manual_seed(seed)
        add_head(model, name, head)
        if get_kind(head.kind).tied_head and not _starts_anew(spec, backbone):
            start_pretrained(model, name, backbone)


def _starts_anew(spec: ModelSpec, backbone: Backbone) -> bool:
    """Whether an LM head is trained from the start: alone, for a checkpoint that has none.

    An adapter that is trained together with a new head would learn the head's beginnings too.
    """
    return spec.method == "head" and not backbone.lm_head


def adapter_specs(setup: Setup, name: str, methods: dict[str, str]) -> tuple[AdapterSpec, ...]:
    return tuple(
        AdapterSpec(
            name=adapter,
            method=methods[adapter],
            folder="." if adapter == name else f"{ADAPTERS_FOLDER}/{adapter}",
        )
        for adapter in setup_names(setup)
    )
