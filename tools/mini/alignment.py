"""Sentence vectors of the transformer that are to agree with those of the first phase."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from tools.mini.store import Ints


def mean_pool(states: Tensor, mask: Tensor) -> Tensor:
    """Mean of the states (batch x length x dimension) over the attention mask."""
    weights = mask.unsqueeze(-1).to(states.dtype)
    return (states * weights).sum(dim=1) / weights.sum(dim=1)


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
