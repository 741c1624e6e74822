"""Reads the weights of a head from the checkpoint of a backbone."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from safetensors import safe_open
from torch import Tensor

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import weights_index
from adapterxlt.errors import MissingBackboneError
from adapterxlt.models import tensors
from adapterxlt.models.head_classes import AdapterModel
from adapterxlt.models.plain_heads import places

# The names of a layer norm's two parameters in the first checkpoints of BERT.
_OLD = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}


def start_pretrained(model: AdapterModel, name: str, backbone: Backbone) -> None:
    """Give a new head of masked language modelling the weights it has in the checkpoint.

    `adapters` loses the bias of a checkpoint's head, so the files are read here.

    Raises:
        MissingBackboneError: the checkpoint was saved without its head, or the head has another
            size.
    """
    where = places(backbone.architecture, "mlm")
    target = tensors.select(model, tensors.of_head(name))
    layers = {theirs.rpartition(".")[0] for theirs in where.names.values()}
    biases = {f"{layer}.bias" for layer in layers} - {*where.names.values(), *where.aliases}
    if next(_saved(backbone, sorted(biases)), None) is not None:
        raise MissingBackboneError(
            f"backbone `{backbone.name}` has a bias in its head for masked language modelling, "
            "which this architecture does not have",
            hint="use another checkpoint, or train its encoder on other tasks",
        )
    with torch.no_grad():
        for part, theirs in where.names.items():
            also = [alias for alias, first in where.aliases.items() if first == theirs]
            own = target[f"heads.{name}.{part}"]
            found = next(_saved(backbone, [theirs, *also]), None)
            if found is None or found.shape != own.shape:
                raise MissingBackboneError(
                    f"backbone `{backbone.name}` has no head for masked language modelling "
                    f"({theirs} is missing or has another size in `{backbone.path}`)",
                    hint="use a checkpoint that was saved with its LM head, or train one with "
                    "`method: head` on `mlm`",
                )
            own.copy_(found)


def _saved(backbone: Backbone, names: list[str]) -> Iterator[Tensor]:
    """Yield the tensors that the files have under these names, or under their old names."""
    old = [name.replace(new, then) for name in names for new, then in _OLD.items() if new in name]
    for path in weights_index(backbone)[0]:
        with safe_open(path, "pt") as file:
            there = set(file.keys())
            for name in [*names, *old]:
                if name in there:
                    yield file.get_tensor(name)
