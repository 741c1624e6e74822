"""Sparse fine-tuning: trains only the weights that a full fine-tune changed most.

The lottery-ticket recipe of Ansell et al. 2022, "Composable Sparse Fine-Tuning for Cross-Lingual
Transfer" (section 2): train all weights, find the largest changes, go back to the first weights,
and train only these weights again. As there, layer norms are not trained, and heads are trained in
both phases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor, nn

from adapterxlt.methods.parser import ParsedMethod
from adapterxlt.models import tensors
from adapterxlt.models.base import put_weights
from adapterxlt.models.parts import Built
from adapterxlt.models.selection import Largest, slices
from adapterxlt.models.trainable import backbone_part


def most_changed(built: Built, dense: Path, method: ParsedMethod) -> dict[str, Tensor]:
    """Mark the elements of the backbone's tensors that are trained; return marks by name.

    Args:
        built: the model as it is before training.
        dense: artifact of the full fine-tune that started from the same weights.
        method: its `density` is the maximum share of weights to train. Weights that the full
            fine-tune did not change are never trained.

    Raises:
        InvalidArtifactError: the weights do not fit the backbone.
    """
    architecture = built.backbone.architecture
    before = tensors.select(built.model, tensors.of_backbone(architecture))
    after = {name: tensor.detach().cpu().clone() for name, tensor in before.items()}
    put_weights(after, dense)
    trained = backbone_part(method, architecture)
    changes = {
        name: (after[name] - tensor.detach().cpu()).abs()
        for name, tensor in before.items()
        if trained(name)
    }
    assert method.density is not None
    total = sum(change.numel() for change in changes.values())
    return largest(changes, int(method.density * total))


def largest(changes: Mapping[str, Tensor], count: int) -> dict[str, Tensor]:
    """Mark the `count` largest of all elements, but never zeros; of equal elements the first.

    Example:
        >>> largest({"a": torch.tensor([0.0, 3.0]), "b": torch.tensor([1.0, 2.0])}, 2)
        {'a': tensor([False,  True]), 'b': tensor([False,  True])}
    """
    flats = {name: change.reshape(-1) for name, change in changes.items()}
    kept = Largest(
        lambda: (flat[here] for flat in flats.values() for here in slices(len(flat))),
        next(iter(changes.values())).dtype,
        count,
    )
    found: dict[str, Tensor] = {}
    for name, flat in flats.items():
        mask = torch.empty(changes[name].shape, dtype=torch.bool)
        for here in slices(len(flat)):
            mask.view(-1)[here] = kept.mark(flat[here])
        found[name] = mask
    return found


@contextmanager
def only_masked(model: nn.Module, masks: Mapping[str, Tensor]) -> Iterator[None]:
    """Zero the gradients of all elements that a tensor's mask leaves out, while this lasts."""
    parameters = dict(model.named_parameters())
    hooks = []
    for name, mask in masks.items():
        here = mask.to(parameters[name].device)
        hooks.append(
            parameters[name].register_hook(
                lambda gradient, here=here: gradient.masked_fill(~here, 0.0)
            )
        )
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
