"""Merging: the weighted sum of the weights of adapters of one configuration."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from adapterxlt.backbones import Backbone
from adapterxlt.errors import AdapterXLTError
from adapterxlt.methods import can_merge, parse_method
from adapterxlt.models import tensors
from adapterxlt.models.base import load_base, load_tokenizer
from adapterxlt.models.heads import add_head
from adapterxlt.models.lm_head import head_tensors
from adapterxlt.models.parts import (
    ADAPTER_FILE,
    HEAD_FILE,
    Built,
    check_name,
    hide_prompt_of,
    new_adapter,
    single_members,
)
from adapterxlt.models.quiet import quiet
from adapterxlt.models.setup import activate
from adapterxlt.models.spec import AdapterSpec, ModelSpec, backbone_spec
from adapterxlt.models.trainable import freezes_shared


@quiet()
def merge(
    backbone: Backbone,
    members: Sequence[Path],
    weights: Sequence[float] | None,
    name: str,
) -> Built:
    """Build the adapter whose tensors are sum_i weights[i] * member_i, in eval mode.

    Weights are used as given and need not sum to one (task arithmetic); None means equal shares.
    If all members have heads with the same labels, the first one's come along; else none.

    Raises:
        InvalidArtifactError: a member is damaged or of another backbone.
        AdapterXLTError: the members cannot be merged.
    """
    check_name(name)
    if weights is None:
        weights = [1 / len(members)] * len(members)
    if len(weights) != len(members):
        raise AdapterXLTError(
            f"`{name}`: {len(members)} adapters to merge but {len(weights)} weights"
        )
    specs = single_members(backbone, members, "merge")
    methods = [spec.adapters[0].method for spec in specs]
    reason = can_merge([parse_method(method) for method in methods])
    if reason:
        raise AdapterXLTError(f"`{name}`: {reason}")
    model = load_base(backbone)
    new_adapter(model, name, methods[0], f"`{name}`")
    target = tensors.select(model, tensors.of_adapter(name))
    total = {key: torch.zeros_like(tensor) for key, tensor in target.items()}
    shared = freezes_shared(methods[0])
    for index, (spec, folder, weight) in enumerate(zip(specs, members, weights, strict=True)):
        file = folder / ADAPTER_FILE
        tensors.assign(target, tensors.renamed(tensors.read(file), spec.name, name), str(file))
        for key, tensor in target.items():
            if shared and "shared_parameters" in key.split("."):
                if index and not torch.equal(total[key], tensor):
                    raise AdapterXLTError(
                        f"`{name}`: `{specs[0].name}` and `{spec.name}` have different random "
                        "projections, so their weights cannot be averaged",
                        hint="train both with the same seed",
                    )
                total[key] = tensor.clone()
            else:
                total[key] += weight * tensor
    tensors.assign(target, total, name)
    kinds = [[(head.kind, head.labels) for head in spec.heads] for spec in specs]
    heads = specs[0].heads if kinds.count(kinds[0]) == len(kinds) else ()
    built = ModelSpec(
        name=name,
        backbone=backbone_spec(backbone),
        full=False,
        adapters=(AdapterSpec(name=name, method=methods[0], folder="."),),
        setup=name,
        head=heads[0] if heads else None,
        other_heads=heads[1:],
        method=methods[0],
    )
    for head in heads:
        add_head(model, built.head_name(head), head)
        file = members[0] / specs[0].folder_of(head) / HEAD_FILE
        old, new = f"heads.{specs[0].head_name(head)}.", f"heads.{built.head_name(head)}."
        saved = {new + key.removeprefix(old): value for key, value in tensors.read(file).items()}
        tensors.assign(head_tensors(model, built.head_name(head)), saved, str(file))
    activate(model, built)
    hide_prompt_of(model, built)
    model.eval()
    return Built(model, load_tokenizer(backbone), backbone, built)
