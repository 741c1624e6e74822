"""Second phase: the transformer, in three passes.

Questions need words' places, which retrieval is better without, so that no single mixture of
tasks serves both. The passes:

1. all tasks on all layers: masked and translation language modelling, cloze questions, alignment;
2. alignment alone, of the layers up to the retrieval layer, which gains what questions took;
3. all tasks again on the layers above alone, which find their way on what lies below them now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional
from transformers import XLMRobertaForMaskedLM

from tools.mini.alignment import Bags, alignment_loss, mean_pool
from tools.mini.batches import Batch, batches, mask_tokens
from tools.mini.cloze import cloze_batches, cloze_loss
from tools.mini.config import PretrainConfig, TransformerPhase
from tools.mini.store import Groups, Spacing, TokenStore, padded

ALONE = {"translation_share": 0.0, "paragraph_share": 0.0}
"""Shares of a pass that reads nothing but translations one by one."""


@dataclass(frozen=True)
class Text:
    """All that the transformer learns from.

    ``word_starts`` says of every id whether it begins a word; ``bags`` are the first phase's
    vectors; ``positions`` is the length of the longest sequence.
    """

    sentences: TokenStore
    groups: Groups
    paragraphs: TokenStore
    spacing: Spacing
    word_starts: npt.NDArray[np.bool_]
    bags: Bags
    mask_id: int
    positions: int

    def batches(self, phase: TransformerPhase, generator: np.random.Generator) -> Iterator[Batch]:
        """Endless batches, see `batches.batches`."""
        return batches(
            self.sentences,
            self.groups,
            self.paragraphs,
            self.spacing,
            phase,
            self.positions,
            generator,
        )

    def others(self, phase: TransformerPhase, generator: np.random.Generator) -> Tensor:
        """Bags of other sentences, of which a translation's is to be told."""
        pairs = self.groups.pairs(generator, phase.negatives // 2, 1.0)
        return self.bags.of([self.sentences[i] for i in np.concatenate(pairs)])


class Tasks:
    """The losses of the passes, a step at a time.

    ``pointer`` answers cloze questions; it is no part of the backbone.
    """

    def __init__(
        self,
        model: XLMRobertaForMaskedLM,
        pointer: torch.nn.Linear,
        text: Text,
        config: PretrainConfig,
        generator: np.random.Generator,
    ) -> None:
        self.model, self.pointer, self.text, self.config = model, pointer, text, config
        self.generator, phase = generator, config.transformer
        self._mixed = text.batches(phase, generator)
        self._single = text.batches(phase.model_copy(update=ALONE), generator)
        self._clozes = cloze_batches(
            text.paragraphs, text.word_starts, text.mask_id, phase.tokens, generator
        )

    def all(self) -> Tensor:
        """Cloze questions; or MLM at the top and, for a paired batch, the alignment losses.

        The last layer is aligned too, less strongly, so that what a task's head reads there is
        alike in all languages.
        """
        phase = self.config.transformer
        if self.generator.random() < phase.cloze_share:
            return cloze_loss(self.model.roberta, self.pointer, next(self._clozes))
        batch = next(self._mixed)
        others = self.text.others(phase, self.generator) if batch.paired else None
        ids, mask = padded(batch.sequences)
        altered, chosen = mask_tokens(ids, phase.masked, self.text.mask_id, self.generator)
        output = self.model.roberta(
            input_ids=altered, attention_mask=mask, output_hidden_states=True
        )
        logits = self.model.lm_head(output.last_hidden_state[chosen])
        loss = functional.cross_entropy(logits, ids[chosen])
        if others is not None:
            bag = self.text.bags.of(batch.sequences)
            for layer, weight in (
                (self.config.retrieval_layer, phase.contrastive_weight),
                (self.config.layers, phase.top_weight),
            ):
                pooled = mean_pool(output.hidden_states[layer], mask)
                loss = loss + weight * self._aligned(pooled, bag, others)
        return loss

    def alignment(self) -> Tensor:
        """The alignment loss at the retrieval layer, of sentences with some pieces masked."""
        phase = self.config.transformer
        batch = next(self._single)
        others = self.text.others(phase, self.generator)
        ids, mask = padded(batch.sequences)
        altered, _ = mask_tokens(ids, phase.masked, self.text.mask_id, self.generator)
        with _only_layers(self.model, self.config.retrieval_layer):
            states = self.model.roberta(input_ids=altered, attention_mask=mask).last_hidden_state
        bag = self.text.bags.of(batch.sequences)
        return self._aligned(mean_pool(states, mask), bag, others)

    def _aligned(self, pooled: Tensor, bag: Tensor, others: Tensor) -> Tensor:
        """Of the two halves of a paired batch, each against the bags of the other."""
        half, temperature = len(bag) // 2, self.config.transformer.temperature
        # Each half apart: a sentence's own bag must not stand among the wrong answers.
        return (
            alignment_loss(pooled[:half], bag[half:], others, temperature)
            + alignment_loss(pooled[half:], bag[:half], others, temperature)
        ) / 2


@contextmanager
def _only_layers(model: XLMRobertaForMaskedLM, count: int) -> Iterator[None]:
    """The model without its layers above, whose work would be thrown away."""
    encoder = model.roberta.encoder
    whole = encoder.layer
    encoder.layer = whole[:count]
    try:
        yield
    finally:
        encoder.layer = whole


@dataclass(frozen=True)
class Parts:
    """The model's parameters: the word embeddings (tied with the decoder), the rest of what lies
    up to the retrieval layer, and what lies above, the pointer of cloze questions included."""

    words: list[Tensor]
    lower: list[Tensor]
    upper: list[Tensor]

    @classmethod
    def of(
        cls, model: XLMRobertaForMaskedLM, pointer: torch.nn.Linear, retrieval_layer: int
    ) -> Parts:
        """Sort them."""
        embeddings, layers = model.roberta.embeddings, model.roberta.encoder.layer
        words = embeddings.word_embeddings.weight
        lower: list[Tensor] = [p for p in embeddings.parameters() if p is not words]
        lower += [p for layer in layers[:retrieval_layer] for p in layer.parameters()]
        known = {id(words), *map(id, lower)}
        every = (*model.parameters(), *pointer.parameters())
        upper: list[Tensor] = [p for p in every if id(p) not in known]
        return cls([words], lower, upper)


def with_rate(parameters: list[Tensor], rate: float) -> list[dict[str, Any]]:
    """Optimizer groups at one learning rate (``rate``), with weight decay of matrices only."""
    matrices = [p for p in parameters if p.dim() > 1]
    others = [p for p in parameters if p.dim() <= 1]
    return [
        {"params": matrices, "rate": rate, "weight_decay": 0.01},
        {"params": others, "rate": rate, "weight_decay": 0.0},
    ]


def train_transformer(
    model: XLMRobertaForMaskedLM,
    text: Text,
    config: PretrainConfig,
    progress: Callable[[int, int], None],
) -> list[float]:
    """Train in place; returns the loss of every step.

    What lies below the retrieval layer starts out aligned and learns slowly; the layers above
    start from nothing.
    """
    phase = config.transformer
    generator = np.random.default_rng([config.seed, 2])
    torch.manual_seed(config.seed)
    pointer = torch.nn.Linear(config.hidden_size, 3)
    tasks = Tasks(model, pointer, text, config, generator)
    parts = Parts.of(model, pointer, config.retrieval_layer)
    words = [
        {"params": parts.words, "rate": phase.embedding_learning_rate, "weight_decay": 0.0},
    ]
    lower = [*words, *with_rate(parts.lower, phase.lower_learning_rate)]
    passes = (
        (phase.steps, tasks.all, [*lower, *with_rate(parts.upper, phase.learning_rate)]),
        (phase.alignment_steps, tasks.alignment, lower),
        (phase.upper_steps, tasks.all, with_rate(parts.upper, phase.upper_learning_rate)),
    )
    total = sum(steps for steps, _, _ in passes)
    model.train()
    losses: list[float] = []
    for steps, loss, groups in passes:
        trained = {id(p) for group in groups for p in group["params"]}
        for part in (*parts.words, *parts.lower, *parts.upper):
            part.requires_grad_(id(part) in trained)
        for value in _descend(loss, groups, steps):
            losses.append(value)
            if len(losses) % 10 == 0 or len(losses) == total:
                progress(len(losses), total)
    model.requires_grad_(True)
    return losses


def _descend(
    loss: Callable[[], Tensor], groups: list[dict[str, Any]], steps: int
) -> Iterator[float]:
    """AdamW, its rates warmed up and then decaying to a fiftieth; yields every step's loss."""
    optimizer = torch.optim.AdamW(groups, lr=0.0)
    parameters = [p for group in groups for p in group["params"]]
    warmup = max(1, min(200, steps // 10))
    for step in range(steps):
        share = min(1.0, (step + 1) / warmup) * max(0.02, 1 - step / steps)
        for group in optimizer.param_groups:
            group["lr"] = group["rate"] * share
        value = loss()
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        yield float(value.detach())
