"""What the transformer reads: single and joined translations, running text, masked pieces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from tools.mini.config import TransformerPhase
from tools.mini.store import BOS, EOS, Groups, Ints, Spacing, TokenStore

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
