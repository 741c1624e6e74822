"""Second phase: masked and translation language modelling plus the contrastive loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import XLMRobertaForMaskedLM

from adapterxlt.pretraining.config import PretrainConfig, TransformerPhase
from adapterxlt.pretraining.embeddings import contrastive_loss
from adapterxlt.pretraining.store import BOS, EOS, Groups, Ints, TokenStore, padded

FIRST_PIECE = 4
"""The ids below are XLM-R's special tokens, which are never masked."""


@dataclass
class Batch:
    """Token sequences for one step; with ``paired`` the second half translates the first."""

    sequences: list[Ints]
    paired: bool


def _sentence(tokens: Ints, limit: int) -> Ints:
    return np.concatenate([[BOS], tokens[: limit - 2], [EOS]])


def _joined(left: Ints, right: Ints, limit: int) -> Ints:
    """Two sentences as XLM-R joins a pair: <s> A </s></s> B </s>."""
    half = limit // 2 - 2
    return np.concatenate([[BOS], left[:half], [EOS, EOS], right[:half], [EOS]])


def _windows(paragraphs: TokenStore, generator: np.random.Generator, size: int) -> Iterator[Ints]:
    """Endless windows of up to ``size`` tokens: paragraphs in random order, long ones cut."""
    while True:
        for index in generator.permutation(len(paragraphs.lengths)):
            tokens = paragraphs[int(index)]
            for start in range(0, len(tokens), size):
                yield tokens[start : start + size]


def _by_length(items: list[list[Ints]], tokens: int) -> list[list[list[Ints]]]:
    """Cut items (of one or two sequences each) into batches of at most ``tokens`` padded tokens.

    Items of like length come together, which keeps padding low; every batch holds at least two.
    """
    items = sorted(items, key=lambda item: max(len(sequence) for sequence in item))
    cut: list[list[list[Ints]]] = [[]]
    for item in items:
        width = max(len(sequence) for sequence in item)
        if len(cut[-1]) >= 2 and width * len(item) * (len(cut[-1]) + 1) > tokens:
            cut.append([])
        cut[-1].append(item)
    if len(cut) > 1 and len(cut[-1]) < 2:
        cut[-2] += cut.pop()
    return cut


POOL = 1024
"""Translation pairs drawn at a time, to be cut into batches of like length."""


def batches(
    sentences: TokenStore,
    groups: Groups,
    paragraphs: TokenStore,
    config: TransformerPhase,
    positions: int,
    generator: np.random.Generator,
) -> Iterator[Batch]:
    """Endless batches of the three kinds, in the shares that the configuration asks for."""
    windows = _windows(paragraphs, generator, positions - 2)
    limit = min(positions, 96)
    ready: dict[bool, list[Batch]] = {True: [], False: []}

    def refill(paired: bool) -> None:
        size = min(POOL, len(groups.counts))
        left, right = groups.pairs(generator, size, config.english_share)
        swap = generator.random(size) < 0.5
        left, right = np.where(swap, right, left), np.where(swap, left, right)
        pairs = [(sentences[a], sentences[b]) for a, b in zip(left, right, strict=True)]
        if paired:
            items = [[_sentence(a, limit), _sentence(b, limit)] for a, b in pairs]
        else:
            items = [[_joined(a, b, 2 * limit)] for a, b in pairs]
        for cut in _by_length(items, config.tokens):
            sequences = [item[side] for side in range(len(cut[0])) for item in cut]
            ready[paired].append(Batch(sequences, paired))
        generator.shuffle(ready[paired])  # type: ignore[arg-type]

    while True:
        draw = generator.random()
        if draw < config.paragraph_share:
            texts: list[Ints] = []
            width = 0
            while width * (len(texts) + 1) <= config.tokens:
                texts.append(_sentence(next(windows), positions))
                width = max(width, len(texts[-1]))
            yield Batch(texts, paired=False)
            continue
        paired = draw >= config.paragraph_share + config.translation_share
        if not ready[paired]:
            refill(paired)
        yield ready[paired].pop()


def mask_tokens(
    ids: Tensor, share: float, mask_id: int, generator: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """BERT's masking: of ``share`` of the pieces, 80 % <mask>, 10 % random, 10 % kept.

    Returns the altered ids and which positions are to be predicted.
    """
    draw = torch.from_numpy(generator.random(tuple(ids.shape)))
    kind = torch.from_numpy(generator.random(tuple(ids.shape)))
    random_ids = torch.from_numpy(generator.integers(FIRST_PIECE, mask_id, tuple(ids.shape)))
    chosen = (draw < share) & (ids >= FIRST_PIECE)
    altered = torch.where(chosen & (kind < 0.8), mask_id, ids)
    altered = torch.where(chosen & (kind >= 0.8) & (kind < 0.9), random_ids, altered)
    return altered, chosen


def mean_pool(states: Tensor, mask: Tensor) -> Tensor:
    """Mean of the states (batch x length x dimension) over the attention mask."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(dim=1) / weights.sum(dim=1)


def _parameters(model: XLMRobertaForMaskedLM, config: TransformerPhase) -> list[dict[str, object]]:
    """Word embeddings (tied with the decoder) learn at their own rate; no weight decay on them."""
    words = model.roberta.embeddings.word_embeddings.weight
    others = [p for p in model.parameters() if p is not words and p.requires_grad]
    return [
        {"params": [words], "rate": config.embedding_learning_rate, "weight_decay": 0.0},
        {"params": [p for p in others if p.dim() > 1], "rate": config.learning_rate,
         "weight_decay": 0.01},
        {"params": [p for p in others if p.dim() == 1], "rate": config.learning_rate,
         "weight_decay": 0.0},
    ]  # fmt: skip


def step_loss(
    model: XLMRobertaForMaskedLM,
    batch: Batch,
    config: PretrainConfig,
    mask_id: int,
    generator: np.random.Generator,
) -> Tensor:
    """MLM at the top and, for a paired batch, the contrastive loss at the retrieval layer."""
    phase = config.transformer
    ids, mask = padded(batch.sequences)
    altered, chosen = mask_tokens(ids, phase.masked, mask_id, generator)
    output = model.roberta(input_ids=altered, attention_mask=mask, output_hidden_states=True)
    logits = model.lm_head(output.last_hidden_state[chosen])
    loss = functional.cross_entropy(logits, ids[chosen])
    if batch.paired and phase.contrastive_weight:
        pooled = mean_pool(output.hidden_states[config.retrieval_layer], mask)
        left, right = pooled.chunk(2)
        loss = loss + phase.contrastive_weight * contrastive_loss(left, right, phase.temperature)
    return loss


def train_transformer(
    model: XLMRobertaForMaskedLM,
    sentences: TokenStore,
    groups: Groups,
    paragraphs: TokenStore,
    config: PretrainConfig,
    mask_id: int,
    positions: int,
    progress: Callable[[int, int], None],
) -> list[float]:
    """Train in place; returns the loss of every step."""
    phase = config.transformer
    generator = np.random.default_rng([config.seed, 2])
    torch.manual_seed(config.seed)
    optimizer = torch.optim.AdamW(_parameters(model, phase), lr=phase.learning_rate)
    source = batches(sentences, groups, paragraphs, phase, positions, generator)
    model.train()
    losses: list[float] = []
    warmup = max(1, min(200, phase.steps // 10))
    for step in range(phase.steps):
        rate = min(1.0, (step + 1) / warmup) * max(0.02, 1 - step / phase.steps)
        for group in optimizer.param_groups:
            group["lr"] = group["rate"] * rate
        loss = step_loss(model, next(source), config, mask_id, generator)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if step % 10 == 9 or step + 1 == phase.steps:
            progress(step + 1, phase.steps)
    return losses
