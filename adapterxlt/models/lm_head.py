"""The masked-language-model head: the backbone's own, tied to its word embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

from adapterxlt.models import tensors
from adapterxlt.models.head_classes import AdapterModel


def unfreeze_bias(model: AdapterModel) -> None:
    """Let LM heads train as a whole: `adapters` freezes a tied decoder's bias with its weight."""
    for head in model.heads.values():
        decoder = head.get_output_embeddings()
        if decoder is not None:
            decoder.bias.requires_grad = True


@contextmanager
def without_tied(model: AdapterModel) -> Iterator[None]:
    """While this lasts, heads do not list the word embeddings as weights of their own."""
    decoders = [head.get_output_embeddings() for head in model.heads.values()]
    tied = [(decoder, decoder.weight) for decoder in decoders if decoder is not None]
    for decoder, _ in tied:
        del decoder._parameters["weight"]
    try:
        yield
    finally:
        for decoder, weight in tied:
            decoder._parameters["weight"] = weight


def head_tensors(model: AdapterModel, name: str) -> dict[str, Tensor]:
    """Return a head's own tensors, those that its file holds, by name."""
    with without_tied(model):
        return tensors.select(model, tensors.of_head(name))
