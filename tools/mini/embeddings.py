"""First phase: align bags of subword vectors by contrastive training."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tools.mini.config import EmbeddingPhase
from tools.mini.store import Groups, TokenStore


def contrastive_loss(left: Tensor, right: Tensor, temperature: float) -> Tensor:
    """InfoNCE both ways over cosine similarities; row ``i`` of one side belongs to row ``i``."""
    logits = (
        functional.normalize(left, dim=-1) @ functional.normalize(right, dim=-1).T / temperature
    )
    target = torch.arange(len(left))
    return (
        functional.cross_entropy(logits, target) + functional.cross_entropy(logits.T, target)
    ) / 2


def train_embeddings(
    store: TokenStore,
    groups: Groups,
    vocabulary: int,
    dimension: int,
    config: EmbeddingPhase,
    seed: int,
    progress: Callable[[int, int], None],
) -> Tensor:
    """Vectors (vocabulary x dimension) whose sums over a sentence match those of its translations.

    The length of a vector is the weight of its subword, as nothing normalises single vectors.
    """
    generator = np.random.default_rng([seed, 1])
    start = torch.Generator().manual_seed(seed)
    vectors = torch.nn.Parameter(0.1 * torch.randn(vocabulary, dimension, generator=start))
    optimizer = torch.optim.Adam([vectors], lr=config.learning_rate)

    def bags(indices: np.ndarray) -> Tensor:
        tokens, offsets = store.concatenated(indices)
        kept = generator.random(len(tokens)) >= config.token_dropout
        return functional.embedding_bag(
            torch.from_numpy(tokens),
            vectors,
            torch.from_numpy(offsets),
            mode="sum",
            per_sample_weights=torch.from_numpy(kept.astype(np.float32)),
        )

    for step in range(config.steps):
        rate = min(1.0, (step + 1) / 50) * max(0.02, 1 - step / config.steps)
        optimizer.param_groups[0]["lr"] = config.learning_rate * rate
        left, right = groups.pairs(generator, config.batch, config.english_share)
        loss = contrastive_loss(bags(left), bags(right), config.temperature)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % 50 == 49 or step + 1 == config.steps:
            progress(step + 1, config.steps)
    return vectors.detach()
