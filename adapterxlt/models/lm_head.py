"""The masked-language-model head: the backbone's own, tied to its word embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any

from torch import Tensor
from torch.nn.functional import pad

from adapterxlt.models import tensors
from adapterxlt.models.classes import AdapterModel


def add_lm_head(model: AdapterModel, name: str) -> None:
    """Add the head, its decoder tied to the word embeddings; it scores marked tokens only.

    A forward pass must be given `masked` [batch, length], and its logits are [1, marked tokens,
    vocabulary]: those of all tokens of a batch would fill the memory with numbers nobody reads.
    """
    model.add_masked_lm_head(name)
    model.heads[name].register_forward_pre_hook(_keep_masked, with_kwargs=True)


def _keep_masked(
    head: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    outputs, *rest = args
    masked: Tensor = kwargs.pop("masked")
    states: Tensor = outputs[0]
    # Prompt tuning puts tokens in front (or behind <s>, which is never masked).
    masked = pad(masked, (states.shape[1] - masked.shape[1], 0))
    kept = copy(outputs)
    kept["last_hidden_state"] = states[masked].unsqueeze(0)  # invertible adapters want three axes
    return (kept, *rest), kwargs


def unfreeze_bias(model: AdapterModel) -> None:
    """Let LM heads train whole: `adapters` freezes a tied decoder's bias with its weight."""
    for head in model.heads.values():
        decoder = head.get_output_embeddings()
        if decoder is not None:
            decoder.bias.requires_grad = True


@contextmanager
def without_tied(model: AdapterModel) -> Iterator[None]:
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


def head_tensors(model: AdapterModel, name: str) -> dict[str, Tensor]:
    """A head's own tensors by name: those that its file holds."""
    with without_tied(model):
        return tensors.select(model, tensors.of_head(name))
