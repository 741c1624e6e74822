"""Losses that bring the vectors of a word and its translation together; pure functions.

Both compare each word with the translations of the other words in the batch, in both directions. A
translation of the word itself is never a negative.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize


def infonce(source: Tensor, target: Tensor, known: Tensor, temperature: float) -> Tensor:
    """The sum over the entries of their contrastive losses (van den Oord et al. 2018).

    Args:
        source, target: vectors [n, dim] of words and their translations.
        known: [n, n] whether a word of the source and one of the target are translations; true on
            the diagonal.
        temperature: the number by which cosines are divided.
    """
    scores = _cosines(source, target) / temperature
    others = known & ~torch.eye(len(known), dtype=torch.bool, device=known.device)
    scores = scores.masked_fill(others, float("-inf"))
    own = torch.arange(len(scores), device=scores.device)
    both = cross_entropy(scores, own, reduction="sum") + cross_entropy(
        scores.t(), own, reduction="sum"
    )
    return both / 2


def triplet(source: Tensor, target: Tensor, known: Tensor, margin: float) -> Tensor:
    """The sum over the entries of their triplet losses with the hardest negative of the batch.

    The cosine with a translation should exceed the highest cosine with any word that is not a
    translation by at least the margin.

    Args:
        source, target, known: as in `infonce`.
    """
    scores = _cosines(source, target)
    own = scores.diagonal()
    negatives = scores.masked_fill(known, float("-inf"))
    both = sum((margin + negatives.amax(dim=axis) - own).clamp(min=0).sum() for axis in (0, 1))
    return torch.as_tensor(both) / 2


def _cosines(source: Tensor, target: Tensor) -> Tensor:
    with torch.autocast(source.device.type, enabled=False):
        return normalize(source.float(), dim=-1) @ normalize(target.float(), dim=-1).t()
