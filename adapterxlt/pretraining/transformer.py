"""Second phase: masked and translation language modelling plus the contrastive loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import XLMRobertaForMaskedLM

from adapterxlt.pretraining.config import PretrainConfig, TransformerPhase
from adapterxlt.pretraining.store import BOS, EOS, Groups, Ints, Spacing, TokenStore, padded

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

    Items of like length come together, which keeps padding low. Every batch holds at least two:
    a last item that would be alone joins the batch before it, over the budget.
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
    spacing: Spacing,
    config: TransformerPhase,
    positions: int,
    generator: np.random.Generator,
) -> Iterator[Batch]:
    """Endless batches of the three kinds, in the shares that the configuration asks for."""
    windows = _windows(paragraphs, generator, positions - 2)
    limit = min(positions, 96)
    ready: dict[bool, list[Batch]] = {True: [], False: []}

    def refill(paired: bool) -> None:
        left, right = groups.pairs(generator, POOL, config.english_share)
        swap = generator.random(len(left)) < 0.5
        left, right = np.where(swap, right, left), np.where(swap, left, right)
        members = [
            [spacing.apply(sentences[i], config.spaced, generator) for i in side]
            for side in (left, right)
        ]
        pairs = list(zip(*members, strict=True))
        if paired:
            items = [[_sentence(a, limit), _sentence(b, limit)] for a, b in pairs]
        else:
            items = [[_joined(a, b, 2 * limit)] for a, b in pairs]
        for cut in _by_length(items, config.tokens):
            sequences = [item[side] for side in range(len(cut[0])) for item in cut]
            ready[paired].append(Batch(sequences, paired))
        generator.shuffle(ready[paired])

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


def parameter_groups(model: XLMRobertaForMaskedLM, config: PretrainConfig) -> list[dict[str, Any]]:
    """Optimizer groups, each with its learning rate (``rate``) and weight decay (matrices only).

    What lies below the retrieval layer starts out aligned and learns slowly: the word embeddings
    (tied with the decoder) at one rate, the rest at another; the layers above start from nothing.
    """
    phase = config.transformer
    embeddings, layers = model.roberta.embeddings, model.roberta.encoder.layer
    words = embeddings.word_embeddings.weight
    lower = [p for p in embeddings.parameters() if p is not words]
    lower += [p for layer in layers[: config.retrieval_layer] for p in layer.parameters()]
    known = {id(words), *map(id, lower)}
    upper = [p for p in model.parameters() if id(p) not in known]
    groups: list[dict[str, Any]] = [
        {"params": [words], "rate": phase.embedding_learning_rate, "weight_decay": 0.0}
    ]
    for parameters, rate in ((lower, phase.lower_learning_rate), (upper, phase.learning_rate)):
        for matrix, decay in ((True, 0.01), (False, 0.0)):
            chosen = [p for p in parameters if (p.dim() > 1) == matrix]
            groups.append({"params": chosen, "rate": rate, "weight_decay": decay})
    return groups


class Bags:
    """The first phase's sentence vectors: what the transformer's means are to agree with.

    They cost next to nothing to compute, so that a sentence can be told from a thousand others
    although only a few dozen go through the transformer in a step.
    """

    def __init__(self, vectors: Tensor, hidden_size: int) -> None:
        centred = vectors - vectors.mean(dim=1, keepdim=True)
        self.vectors = functional.pad(centred, (0, hidden_size - vectors.shape[1]))

    def of(self, sequences: Sequence[Ints]) -> Tensor:
        """One vector a token sequence (sequences x hidden size)."""
        tokens = torch.from_numpy(np.concatenate(sequences))
        lengths = np.array([len(sequence) for sequence in sequences])
        offsets = torch.from_numpy(np.cumsum(lengths) - lengths)
        return functional.embedding_bag(tokens, self.vectors, offsets, mode="mean")


def alignment_loss(
    states: Tensor, translations: Tensor, others: Tensor, temperature: float
) -> Tensor:
    """InfoNCE of each state against its translation's bag, all other bags being negatives."""
    candidates = functional.normalize(torch.cat([translations, others]), dim=-1)
    logits = functional.normalize(states, dim=-1) @ candidates.T / temperature
    return functional.cross_entropy(logits, torch.arange(len(states)))


def step_loss(
    model: XLMRobertaForMaskedLM,
    batch: Batch,
    bags: Bags,
    others: Tensor | None,
    config: PretrainConfig,
    mask_id: int,
    generator: np.random.Generator,
) -> Tensor:
    """MLM at the top and, for a paired batch, the alignment loss at the retrieval layer."""
    phase = config.transformer
    ids, mask = padded(batch.sequences)
    altered, chosen = mask_tokens(ids, phase.masked, mask_id, generator)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        output = model.roberta(input_ids=altered, attention_mask=mask, output_hidden_states=True)
        logits = model.lm_head(output.last_hidden_state[chosen])
    loss = functional.cross_entropy(logits.float(), ids[chosen])
    if others is not None:
        pooled = mean_pool(output.hidden_states[config.retrieval_layer].float(), mask)
        half = len(batch.sequences) // 2
        bag = bags.of(batch.sequences)
        # Each half apart: a sentence's own bag must not stand among the wrong answers.
        aligned = (
            alignment_loss(pooled[:half], bag[half:], others, phase.temperature)
            + alignment_loss(pooled[half:], bag[:half], others, phase.temperature)
        ) / 2
        loss = loss + phase.contrastive_weight * aligned
    return loss


def train_transformer(
    model: XLMRobertaForMaskedLM,
    sentences: TokenStore,
    groups: Groups,
    paragraphs: TokenStore,
    spacing: Spacing,
    bags: Bags,
    config: PretrainConfig,
    mask_id: int,
    positions: int,
    progress: Callable[[int, int], None],
) -> list[float]:
    """Train in place; returns the loss of every step."""
    phase = config.transformer
    generator = np.random.default_rng([config.seed, 2])
    torch.manual_seed(config.seed)
    optimizer = torch.optim.AdamW(parameter_groups(model, config), lr=phase.learning_rate)
    source = batches(sentences, groups, paragraphs, spacing, phase, positions, generator)
    model.train()
    losses: list[float] = []
    warmup = max(1, min(200, phase.steps // 10))
    for step in range(phase.steps):
        rate = min(1.0, (step + 1) / warmup) * max(0.02, 1 - step / phase.steps)
        for group in optimizer.param_groups:
            group["lr"] = group["rate"] * rate
        batch = next(source)
        others = None
        if batch.paired and phase.contrastive_weight:
            indices = np.concatenate(groups.pairs(generator, phase.negatives // 2, 1.0))
            others = bags.of([sentences[i] for i in indices])
        loss = step_loss(model, batch, bags, others, config, mask_id, generator)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if step % 10 == 9 or step + 1 == phase.steps:
            progress(step + 1, phase.steps)
    return losses
