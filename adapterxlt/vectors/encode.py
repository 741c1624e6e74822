"""Makes sentence vectors of every requested hidden layer and pooling in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from adapterxlt.devices import moved
from adapterxlt.models.clock import Clock
from adapterxlt.models.head_classes import STATES, layers_of, lowest_layers
from adapterxlt.progress import Progress
from adapterxlt.search.arrays import Floats, Ids
from adapterxlt.token_budget import Budget
from adapterxlt.vectors.names import Pooling
from adapterxlt.vectors.tokens import Tokens, sorted_blocks, tokenize

if TYPE_CHECKING:
    from adapterxlt.models.build import Built

Key = tuple[int, Pooling]


def encode_sentences(
    built: Built,
    sentences: Sequence[str],
    *,
    layers: Sequence[int],
    pooling: Pooling,
    max_length: int,
    token_budget: int,
    progress: Progress,
    label: str = "encoding",
) -> dict[int, Floats]:
    """Vectors [n, dim] of one pooling, by layer; see `encode_grid`."""
    grid = encode_grid(
        built,
        sentences,
        layers=layers,
        poolings=[pooling],
        max_length=max_length,
        token_budget=token_budget,
        progress=progress,
        label=label,
    )
    return {layer: vectors for (layer, _), vectors in grid.items()}


def encode_grid(
    built: Built,
    sentences: Sequence[str],
    *,
    layers: Sequence[int],
    poolings: Sequence[Pooling],
    max_length: int,
    token_budget: int,
    progress: Progress,
    label: str = "encoding",
    prefix: str | None = None,
) -> dict[Key, Floats]:
    """Pooled vectors [n, dim] of the sentences, by (layer, pooling); layer 0 = embeddings.

    The model's active adapters apply, its heads do not. Sentences of near-equal length are
    encoded together, and sentences with equal tokens only once. The forward pass stops at the
    highest requested layer, and only pooled vectors are kept. The same call gives the same bytes.

    Args:
        built: a model in evaluation mode.
        sentences: texts; an empty text consists of its special tokens alone.
        layers: hidden states to pool, 0 to the encoder's depth.
        poolings: see `protocols.Vectors`. For a text that has only special tokens,
            `mean-no-special` is the mean of those.
        max_length: tokens at most, special ones included; longer sentences are cut. The model's
            own limit applies too.
        token_budget: padded tokens at most in one forward pass.
        progress: told after every batch.
        label: what the progress bar says.
        prefix: text to put before each sentence; None: the model's own.
    """
    rows: dict[str, int] = {}
    inverse = np.asarray([rows.setdefault(text, len(rows)) for text in sentences], dtype=np.int64)
    tokens, number = tokenize(built, rows, max_length, prefix).distinct()
    keys = [(layer, pooling) for layer in layers for pooling in poolings]
    dim = built.model.config.hidden_size
    vectors = {key: np.empty((len(tokens), dim), dtype=np.float32) for key in keys}
    batches = chain.from_iterable(sorted_blocks(tokens.lengths, token_budget))
    budget = Budget(token_budget, progress.log)
    with progress.bar(label, len(tokens), unit="sentences") as bar:
        for batch, pooled in encode_batches(built, tokens, batches, keys, budget):
            for key in keys:
                vectors[key][batch] = pooled[key]
            bar.advance(len(batch))
    if len(tokens) == len(sentences):
        return vectors
    return {key: array[number[inverse]] for key, array in vectors.items()}


def encode_batches(
    built: Built,
    tokens: Tokens,
    batches: Iterable[Ids],
    keys: Sequence[Key],
    budget: Budget,
) -> Iterator[tuple[Sequence[int], dict[Key, Floats]]]:
    """Yield the rows of each batch with float32 vectors [len(rows), dim] by (layer, pooling).

    The model's clock, if it has one, measures the forward passes, and counts the rows.
    """
    special = _special_ids(built.tokenizer).to(built.model.device)
    pad_id = built.tokenizer.pad_token_id
    device = built.model.device

    def width(rows: Sequence[int]) -> int:
        return int(tokens.lengths[list(rows)].max())

    with _pooling_pass(built.model, keys) as forward:

        def run(rows: Sequence[int], clock: Clock | None) -> dict[Key, Floats]:
            ids, mask = pad_tokens([tokens.row(i) for i in rows], pad_id)
            with built.inference(), clock.running(device) if clock else nullcontext():
                pooled = forward(moved(ids, device), moved(mask, device), special)
            if clock:
                clock.examples += len(rows)
            return {key: vectors.float().cpu().numpy() for key, vectors in pooled.items()}

        for batch in batches:
            rows = batch.tolist()
            if device.type == "cuda" and built.clock and not built.clock.examples:
                # The first pass of a process also loads the GPU's programs, so it is not timed.
                for _ in budget.passes(rows[:1], width, partial(run, clock=None), device):
                    pass
            yield from budget.passes(rows, width, partial(run, clock=built.clock), device)


def token_states(built: Built, ids: Tensor, mask: Tensor, layer: int) -> Tensor:
    """Return one layer's hidden states [batch, length, dim] for padded ids [batch, length]."""
    base_model: Any = built.model.base_model
    prompts = _has_prompts(base_model)
    with lowest_layers(built.model, layer):
        output = base_model(input_ids=ids, attention_mask=mask, output_hidden_states=prompts)
    states: Tensor = output.hidden_states[layer] if prompts else output.last_hidden_state
    return states


def pool_tokens(
    built: Built, states: Tensor, ids: Tensor, mask: Tensor, pooling: Pooling
) -> Tensor:
    """Pool hidden states [batch, length, dim] into vectors [batch, dim]."""
    special = _special_ids(built.tokenizer).to(ids.device)
    return _pool(states, _counted(ids, mask, special, pooling), pooling)


def _special_ids(tokenizer: Any) -> Tensor:
    # An unknown character is a token of the sentence like any other.
    return torch.tensor(sorted(set(tokenizer.all_special_ids) - {tokenizer.unk_token_id}))


def pad_tokens(rows: Sequence[np.ndarray], pad_id: int) -> tuple[Tensor, Tensor]:
    """Return token ids [n, length] of rows, padded to the longest, and their mask."""
    width = max(map(len, rows))
    tokens = np.full((len(rows), width), pad_id, dtype=np.int64)
    for row, ids in enumerate(rows):
        tokens[row, : len(ids)] = ids
    lengths = torch.tensor([len(row) for row in rows])
    return torch.from_numpy(tokens), (torch.arange(width) < lengths[:, None]).long()


def _counted(tokens: Tensor, mask: Tensor, special: Tensor, pooling: Pooling) -> Tensor:
    """Return [batch, length, 1]: True for the tokens that count in pooling."""
    counted = mask.bool()
    if pooling == "mean-no-special":
        own = counted & ~torch.isin(tokens, special)
        counted = torch.where(own.any(dim=1, keepdim=True), own, counted)
    return counted.unsqueeze(-1)


def _pool(states: Tensor, counted: Tensor, pooling: Pooling) -> Tensor:
    states = states.float()  # sums in half precision would be inexact
    if pooling == "cls":
        return states[:, 0].clone()  # a view would keep all states alive
    if pooling == "max":
        return states.masked_fill(~counted, float("-inf")).amax(dim=1)
    # A product, not a masked sum: the states are read once and not copied.
    weights = (counted / counted.sum(dim=1, keepdim=True)).to(states.dtype)
    with torch.autocast(states.device.type, enabled=False):
        return torch.bmm(weights.transpose(1, 2), states).squeeze(1)


@contextmanager
def _pooling_pass(model: Any, keys: Sequence[Key]) -> Iterator[Any]:
    """Run a forward pass that pools each layer when it is computed, and stops at the highest one.

    The input of a layer is the hidden state below it. So hooks before the layers see all states
    except the last, and each state is freed after the layer that reads it.
    """
    base_model, whole = model.base_model, layers_of(model)
    top = max(layer for layer, _ in keys)
    poolings = list(dict.fromkeys(pooling for _, pooling in keys))
    counted: dict[Pooling, Tensor] = {}
    pooled: dict[Key, Tensor] = {}

    def take(layer: int, states: Tensor) -> None:
        for pooling in poolings:
            if (layer, pooling) in wanted:
                pooled[layer, pooling] = _pool(states, counted[pooling], pooling)

    def forward(tokens: Tensor, mask: Tensor, special: Tensor) -> dict[Key, Tensor]:
        pooled.clear()
        counted.update({p: _counted(tokens, mask, special, p) for p in poolings})
        # Prompt tokens make the states inside longer than the input; only those of the output
        # are cut back (models/heads.py), so they are kept to the end.
        prompts = _has_prompts(base_model)
        hooks = []
        if not prompts:
            for layer, module in enumerate(whole[:top]):
                if any(below == layer for below, _ in keys):
                    hooks.append(
                        module.register_forward_pre_hook(_reader(take, layer), with_kwargs=True)
                    )
        try:
            output = base_model(input_ids=tokens, attention_mask=mask, output_hidden_states=prompts)
        finally:
            for hook in hooks:
                hook.remove()
        if prompts:
            for layer in sorted({layer for layer, _ in keys}):
                take(layer, output.hidden_states[layer])
        else:
            take(top, output.last_hidden_state)
        return dict(pooled)

    wanted = frozenset(keys)
    with lowest_layers(model, top):
        yield forward


def _has_prompts(base_model: Any) -> bool:
    return bool(getattr(getattr(base_model, "prompt_tuning", None), "prompt_tunings", ()))


def _reader(take: Any, layer: int) -> Any:
    def read(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        take(layer, args[0] if args else next(kwargs[name] for name in STATES if name in kwargs))

    return read
