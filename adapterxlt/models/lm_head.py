"""The masked-language-model head: the backbone's own, tied to its word embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from adapters import XLMRobertaAdapterModel
from safetensors import safe_open
from torch import Tensor

from adapterxlt.backbones import Backbone, weights_index
from adapterxlt.errors import MissingBackboneError
from adapterxlt.models import tensors

PREFIX = "lm_head."
# Tensor of the head (a list of modules in `adapters`) -> names it has in checkpoints.
NAMES = {
    "0.weight": ("dense.weight",),
    "0.bias": ("dense.bias",),
    "2.weight": ("layer_norm.weight",),
    "2.bias": ("layer_norm.bias",),
    "3.bias": ("bias", "decoder.bias"),
}


def start_pretrained(model: XLMRobertaAdapterModel, name: str, backbone: Backbone) -> None:
    """Give a new head the weights it has in the backbone's checkpoint.

    `adapters` loses the bias of a checkpoint's head, so the files are read here.

    Raises:
        MissingBackboneError: the checkpoint was saved without its head, or it has another size.
    """
    saved: dict[str, Tensor] = {}
    for path in weights_index(backbone)[0]:
        with safe_open(path, "pt") as file:
            for key in file.keys():  # noqa: SIM118 (it is no mapping)
                if key.startswith(PREFIX):
                    saved[key.removeprefix(PREFIX)] = file.get_tensor(key)
    target = tensors.select(model, tensors.of_head(name))
    with torch.no_grad():
        for part, names in NAMES.items():
            found = next((saved[other] for other in names if other in saved), None)
            own = target[f"heads.{name}.{part}"]
            if found is None or found.shape != own.shape:
                raise MissingBackboneError(
                    f"backbone `{backbone.name}` has no head for masked language modelling "
                    f"({PREFIX}{names[0]} is missing or of another size in `{backbone.path}`)",
                    hint="use a checkpoint saved by AutoModelForMaskedLM",
                )
            own.copy_(found)


def unfreeze_bias(model: XLMRobertaAdapterModel) -> None:
    """Let LM heads train whole: `adapters` freezes a tied decoder's bias with its weight."""
    for head in model.heads.values():
        decoder = head.get_output_embeddings()
        if decoder is not None:
            decoder.bias.requires_grad = True


@contextmanager
def without_tied(model: XLMRobertaAdapterModel) -> Iterator[None]:
    """For a while heads do not list the word embeddings as weights of their own."""
    decoders = [head.get_output_embeddings() for head in model.heads.values()]
    tied = [(decoder, decoder.weight) for decoder in decoders if decoder is not None]
    for decoder, _ in tied:
        del decoder._parameters["weight"]
    try:
        yield
    finally:
        for decoder, weight in tied:
            decoder._parameters["weight"] = weight


def head_tensors(model: XLMRobertaAdapterModel, name: str) -> dict[str, Tensor]:
    """A head's own tensors by name: those that its file holds."""
    with without_tied(model):
        return tensors.select(model, tensors.of_head(name))
