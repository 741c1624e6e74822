"""Cloze questions on running text: find in a passage what a question leaves out.

Masked language modelling on little text gives a small model no reason to compare two segments or
to tell positions apart, and span QA learns nothing on top of it. A question made from the passage
itself, in any language, is such a reason (unsupervised QA: Lewis, Denoyer and Riedel 2019, here
without rephrasing).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional
from transformers import XLMRobertaModel

from tools.mini.store import BOS, EOS, Ints, TokenStore, padded

WIDTHS = (32, 48, 64, 96, 200)
"""Pieces of a passage; all of a batch have one width, or less where a paragraph ends."""

SHORTEST = 24
"""Shorter rests of paragraphs make no passages."""

STRETCH = (6, 20)
"""Pieces of the passage that a question is made from."""

ANSWER = (1, 5)
"""Pieces of an answer, whole words."""

DROPPED = 0.3
"""Share of a question's pieces left out, so that it is no copy of the passage."""

STRETCH_WEIGHT = 4.0
"""Of telling the stretch from the rest of the passage: without it nothing is learnt at all."""


@dataclass(frozen=True)
class Cloze:
    """``tokens``: <s> question </s></s> passage </s>; the answer's first and last position in
    them, and the positions of the stretch that the question was made from."""

    tokens: Ints
    first: int
    last: int
    stretch: slice


def make_cloze(
    passage: Ints, word_starts: npt.NDArray[np.bool_], mask_id: int, generator: np.random.Generator
) -> Cloze | None:
    """A question on a passage; None if no whole words fit.

    ``word_starts`` says of every id whether it begins a word. The gap is marked by <mask> in its
    place (40 %) or at the front, as a question word is (40 %), or not at all (20 %).
    """
    begins = np.append(word_starts[passage], True)
    length = int(generator.integers(STRETCH[0], STRETCH[1] + 1))
    starts = np.flatnonzero(begins[: max(1, len(passage) - length)])
    if not len(starts):
        return None
    start = int(generator.choice(starts))
    end = min(start + length, len(passage))
    edges = start + np.flatnonzero(begins[start : end + 1])
    spans = [
        (int(a), int(b))
        for a in edges
        for b in edges
        if ANSWER[0] <= b - a <= ANSWER[1] and b - a < end - start
    ]
    if not spans:
        return None
    first, after = spans[int(generator.integers(len(spans)))]
    positions = np.arange(start, end)
    kept = generator.random(len(positions)) >= DROPPED
    before = passage[positions[kept & (positions < first)]]
    behind = passage[positions[kept & (positions >= after)]]
    gap, draw = np.array([mask_id]), generator.random()
    if draw < 0.4:
        question = np.concatenate([before, gap, behind])
    elif draw < 0.8:
        question = np.concatenate([gap, before, behind])
    else:
        question = np.concatenate([before, behind])
    tokens = np.concatenate([[BOS], question, [EOS, EOS], passage, [EOS]])
    shift = len(question) + 3
    return Cloze(tokens, first + shift, after - 1 + shift, slice(start + shift, end + shift))


def cloze_batches(
    paragraphs: TokenStore,
    word_starts: npt.NDArray[np.bool_],
    mask_id: int,
    tokens: int,
    generator: np.random.Generator,
) -> Iterator[list[Cloze]]:
    """Endless batches of at most ``tokens`` padded tokens."""
    passages = {width: _passages(paragraphs, width, generator) for width in WIDTHS}
    while True:
        width = WIDTHS[int(generator.integers(len(WIDTHS)))]
        longest = width + STRETCH[1] + 4
        batch: list[Cloze] = []
        while longest * (len(batch) + 1) <= max(tokens, longest):
            cloze = make_cloze(next(passages[width]), word_starts, mask_id, generator)
            if cloze is not None:
                batch.append(cloze)
        yield batch


def _passages(paragraphs: TokenStore, width: int, generator: np.random.Generator) -> Iterator[Ints]:
    """Endless passages: paragraphs in random order, long ones cut."""
    while True:
        for index in generator.permutation(len(paragraphs.lengths)):
            text = paragraphs[int(index)]
            for start in range(0, len(text), width):
                if len(text) - start >= SHORTEST:
                    yield text[start : start + width]


def cloze_loss(model: XLMRobertaModel, pointer: torch.nn.Linear, batch: Sequence[Cloze]) -> Tensor:
    """Cross-entropy of the answer's ends over all positions, and of what the stretch is.

    ``pointer`` has three outputs a position: the answer's first, its last, inside the stretch.
    """
    ids, mask = padded([cloze.tokens for cloze in batch])
    inside = torch.zeros(ids.shape)
    for row, cloze in enumerate(batch):
        inside[row, cloze.stretch] = 1
    states = model(input_ids=ids, attention_mask=mask).last_hidden_state
    first, last, stretch = pointer(states).unbind(dim=-1)
    hidden = mask == 0
    found = functional.cross_entropy(
        first.masked_fill(hidden, -1e9), torch.tensor([cloze.first for cloze in batch])
    ) + functional.cross_entropy(
        last.masked_fill(hidden, -1e9), torch.tensor([cloze.last for cloze in batch])
    )
    near = functional.binary_cross_entropy_with_logits(stretch[~hidden], inside[~hidden])
    return found + STRETCH_WEIGHT * near
