"""Sentence vectors of every hidden layer asked for, in one pass."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from adapterxlt.batching.batches import budget_batches
from adapterxlt.errors import AdapterXLTError
from adapterxlt.progress import Progress
from adapterxlt.retrieval.index import Floats
from adapterxlt.retrieval.protocols import Pooling

if TYPE_CHECKING:
    from adapterxlt.models.build import Built


def encode_sentences(
    built: Built,
    sentences: Sequence[str],
    *,
    layers: Sequence[int],
    pooling: Pooling,
    max_length: int,
    token_budget: int,
    progress: Progress,
) -> dict[int, Floats]:
    """Pooled vectors [n, dim] of the sentences, by layer (0 = embeddings).

    The model's active adapters apply, its heads do not. Sentences of near-equal length go
    through together, each distinct one once; the forward pass stops at the highest layer asked
    for, and only pooled vectors are kept. The same call gives the same bytes.

    Args:
        built: a model in evaluation mode.
        sentences: texts; an empty one is its special tokens alone.
        layers: hidden states to pool, 0 to the encoder's depth.
        pooling: see `protocols.Vectors`; `mean-no-special` of a text without tokens of its own
            is the mean of its special ones.
        max_length: tokens at most, special ones included; longer sentences are cut, also at
            the model's own limit.
        token_budget: padded tokens at most in one forward pass.
        progress: told after every batch.
    """
    rows: dict[str, int] = {}
    inverse = np.asarray([rows.setdefault(text, len(rows)) for text in sentences], dtype=np.int64)
    ids = _token_ids(built, list(rows), max_length)
    dim = built.model.config.hidden_size
    vectors = {layer: np.empty((len(ids), dim), dtype=np.float32) for layer in layers}
    special = _special_ids(built.tokenizer)
    batches = budget_batches([len(row) for row in ids], token_budget)
    with (
        _stop_at(built.model.base_model, max(layers)) as encoder,
        progress.bar("encoding", len(ids), unit="sentences") as bar,
    ):
        for batch in batches:
            tokens, mask = _pad([ids[i] for i in batch], built.tokenizer.pad_token_id)
            tokens, mask = tokens.to(built.model.device), mask.to(built.model.device)
            with torch.inference_mode():
                states = encoder(
                    input_ids=tokens, attention_mask=mask, output_hidden_states=True
                ).hidden_states
                counted = _counted(tokens, mask, special, pooling)
                for layer in layers:
                    pooled = _pool(states[layer], counted, pooling)
                    vectors[layer][batch] = pooled.float().cpu().numpy()
            bar.advance(len(batch))
    if len(rows) == len(sentences):
        return vectors
    return {layer: array[inverse] for layer, array in vectors.items()}


def _token_ids(built: Built, texts: list[str], max_length: int) -> list[list[int]]:
    if not texts:
        raise AdapterXLTError("no sentences to encode")
    encoded = built.tokenizer(
        texts,
        truncation=True,
        max_length=min(max_length, built.tokenizer.model_max_length),
        return_attention_mask=False,
        return_token_type_ids=False,
    )
    ids: list[list[int]] = encoded["input_ids"]
    return ids


def _special_ids(tokenizer: Any) -> Tensor:
    # An unknown character is a token of the sentence like any other.
    return torch.tensor(sorted(set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}))


def _pad(rows: Sequence[list[int]], pad_id: int) -> tuple[Tensor, Tensor]:
    width = max(map(len, rows))
    tokens = torch.tensor([row + [pad_id] * (width - len(row)) for row in rows])
    lengths = torch.tensor([len(row) for row in rows])
    return tokens, (torch.arange(width) < lengths[:, None]).long()


def _counted(tokens: Tensor, mask: Tensor, special: Tensor, pooling: Pooling) -> Tensor:
    """[batch, length, 1] 1.0 for the tokens that count in pooling."""
    counted = mask.bool()
    if pooling == "mean-no-special":
        own = counted & ~torch.isin(tokens, special.to(tokens.device))
        counted = torch.where(own.any(dim=1, keepdim=True), own, counted)
    return counted.unsqueeze(-1)


def _pool(states: Tensor, counted: Tensor, pooling: Pooling) -> Tensor:
    if pooling == "cls":
        return states[:, 0]
    if pooling == "max":
        return states.masked_fill(~counted, float("-inf")).amax(dim=1)
    # A product, not a masked sum: the states are read once and not copied.
    weights = (counted / counted.sum(dim=1, keepdim=True)).to(states.dtype)
    return torch.bmm(weights.transpose(1, 2), states).squeeze(1)


@contextmanager
def _stop_at(base_model: Any, layer: int) -> Iterator[Any]:
    """The model without the encoder layers above `layer`, for as long as the context lasts."""
    encoder = base_model.encoder
    whole = encoder.layer
    encoder.layer = whole[:layer]
    try:
        yield base_model
    finally:
        encoder.layer = whole
