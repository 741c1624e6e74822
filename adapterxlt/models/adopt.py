"""Turns weights of another library into an artifact: compares, builds and saves them."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from adapterxlt.backbones.architectures.entry import Architecture
from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import InvalidArtifactError
from adapterxlt.models import tensors
from adapterxlt.models.fit import check_fit
from adapterxlt.models.foreign_weights import Weights
from adapterxlt.models.load import load
from adapterxlt.models.parts import HEAD_FILE
from adapterxlt.models.plain_heads import places
from adapterxlt.models.save import save
from adapterxlt.models.spec import (
    ADAPTER_FILE,
    WEIGHTS_FILE,
    AdapterSpec,
    HeadSpec,
    ModelSpec,
    backbone_spec,
)


def adopt(
    backbone: Backbone,
    weights: Weights,
    folder: Path,
    *,
    name: str,
    method: str,
    head: HeadSpec | None,
    order: Sequence[int] = (),
) -> None:
    """Write the artifact of one adapter or full fine-tune into `folder`, which must not exist.

    Names and shapes are compared with the method's before anything of its size is built.

    Args:
        order: for each label of the head, in order, the position of its output in the file.

    Raises:
        InvalidArtifactError: tensors are missing or unknown, or their shapes are not those of the
            method and head on this backbone. The error names the file.
    """
    full = method == "full"
    spec = ModelSpec(
        name=name,
        backbone=backbone_spec(backbone),
        full=full,
        adapters=() if full else (AdapterSpec(name=name, method=method, folder="."),),
        setup=None if full else name,
        head=head,
        method=method,
    )
    with tempfile.TemporaryDirectory(prefix="adapterxlt-") as aside:
        found = Path(aside)
        body, head_file = found / (WEIGHTS_FILE if full else ADAPTER_FILE), found / HEAD_FILE
        tensors.write(weights.body, body)
        if head is not None:
            head_file = found / spec.head_folder / HEAD_FILE
            tensors.write(
                _ordered(weights.head, head.kind, order, backbone.architecture), head_file
            )
        spec.write(found)
        try:
            check_fit(backbone, found)
            save(load(backbone, found), folder)
        except InvalidArtifactError as error:
            message = error.message.replace(str(head_file), str(weights.head_file))
            message = message.replace(str(body), str(weights.file))
            message = message.replace(str(found), str(weights.file.parent))
            for ours in sorted(weights.theirs, key=len, reverse=True):
                message = message.replace(f"`{ours}`", f"`{weights.theirs[ours]}`")
            raise InvalidArtifactError(message, hint=error.hint) from None


def _ordered(
    found: dict[str, Tensor], kind: str, order: Sequence[int], architecture: Architecture
) -> dict[str, Tensor]:
    """Put the outputs of the last layer in another order."""
    if list(order) == sorted(order):
        return found
    rows = torch.tensor(list(order))
    where = places(architecture, kind)
    return {
        name: tensor[rows]
        if name.split(".")[2:3] == [where.last] and tensor.shape[:1] == rows.shape
        else tensor
        for name, tensor in found.items()
    }
