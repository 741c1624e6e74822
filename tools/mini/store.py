"""Tokenised text in flat arrays, and padded batches cut from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tools.mini.readers import Group

Ints = npt.NDArray[np.int64]

BOS, PAD, EOS, UNK = 0, 1, 2, 3


@dataclass(frozen=True)
class TokenStore:
    """Token sequences end to end: number ``i`` is ``tokens[starts[i]:starts[i] + lengths[i]]``."""

    tokens: Ints
    starts: Ints
    lengths: Ints

    @classmethod
    def of(cls, sequences: Sequence[Sequence[int]]) -> TokenStore:
        lengths = np.array([len(sequence) for sequence in sequences], dtype=np.int64)
        flat = [token for sequence in sequences for token in sequence]
        starts = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)[:-1]])
        return cls(np.array(flat, dtype=np.int64), starts, lengths)

    def __getitem__(self, index: int) -> Ints:
        start = self.starts[index]
        return self.tokens[start : start + self.lengths[index]]

    def counts(self, vocabulary: int) -> Ints:
        """How often each id occurs."""
        return np.bincount(self.tokens, minlength=vocabulary)

    def concatenated(self, indices: Ints) -> tuple[Ints, Ints]:
        """Tokens of several sequences one after another, and where each begins."""
        lengths = self.lengths[indices]
        ends = np.cumsum(lengths)
        offsets = ends - lengths
        positions = np.arange(int(ends[-1])) + np.repeat(self.starts[indices] - offsets, lengths)
        return self.tokens[positions], offsets


@dataclass(frozen=True)
class Groups:
    """Which sequences of a store are translations of each other.

    Group ``g`` has ``counts[g]`` members, at ``first[g]`` and after it in the store, English
    first where the group has English (``english[g]``), and is drawn with ``probability[g]``.
    """

    first: Ints
    counts: Ints
    english: npt.NDArray[np.bool_]
    probability: npt.NDArray[np.float64]

    @classmethod
    def of(
        cls, sentences: Sequence[Group], phrases: Sequence[Group], phrase_share: float
    ) -> Groups:
        """The groups of a store that holds ``members([*sentences, *phrases])``.

        Within each kind a group's probability grows with the number of its members less one, so
        that what is translated into many languages counts for them all.
        """
        groups = [*sentences, *phrases]
        counts = np.array([len(group) for group in groups], dtype=np.int64)
        english = np.array(["en" in group for group in groups], dtype=np.bool_)
        weights = (counts - 1).astype(np.float64)
        cut = len(sentences)
        share = phrase_share if phrases else 0.0
        weights[:cut] *= (1 - share) / weights[:cut].sum()
        weights[cut:] *= share / max(1.0, weights[cut:].sum())
        return cls(np.cumsum(counts) - counts, counts, english, weights / weights.sum())

    def pairs(
        self, generator: np.random.Generator, size: int, english_share: float
    ) -> tuple[Ints, Ints]:
        """Two different members each of ``size`` different groups.

        With probability ``english_share`` the second member is English, which is the pairing that
        retrieval asks for.
        """
        possible = np.count_nonzero(self.probability)
        size = min(size, int(possible))
        chosen = generator.choice(len(self.counts), size, replace=False, p=self.probability)
        counts = self.counts[chosen]
        left = (generator.random(size) * counts).astype(np.int64)
        right = (generator.random(size) * (counts - 1)).astype(np.int64)
        right += right >= left
        pivot = self.english[chosen] & (generator.random(size) < english_share)
        foreign = 1 + (generator.random(size) * (counts - 1)).astype(np.int64)
        left = np.where(pivot, foreign, left)
        right = np.where(pivot, 0, right)
        return self.first[chosen] + left, self.first[chosen] + right


@dataclass(frozen=True)
class Spacing:
    """How to write text without spaces as a word-by-word input would be (tagging tasks).

    A tokenizer given single Chinese, Japanese or Thai words puts the bare word mark before each,
    which running text hardly ever has. ``mark`` is the id of that mark, ``unspaced`` says of
    every id whether it is such a piece.
    """

    mark: int
    unspaced: npt.NDArray[np.bool_]

    def apply(self, tokens: Ints, share: float, generator: np.random.Generator) -> Ints:
        """With probability ``share``, put the mark before every unspaced piece."""
        if generator.random() >= share:
            return tokens
        return np.insert(tokens, np.flatnonzero(self.unspaced[tokens]), self.mark)


def members(groups: Sequence[Group]) -> list[str]:
    """All texts of all groups in the order that ``Groups`` counts on: English first."""
    texts: list[str] = []
    for group in groups:
        texts += [group["en"]] if "en" in group else []
        texts += [text for language, text in group.items() if language != "en"]
    return texts


def padded(sequences: Sequence[Ints]) -> tuple[Tensor, Tensor]:
    """Token ids padded to the longest sequence, and the attention mask (1 = a token)."""
    width = max(len(sequence) for sequence in sequences)
    ids = np.full((len(sequences), width), PAD, dtype=np.int64)
    mask = np.zeros((len(sequences), width), dtype=np.int64)
    for row, sequence in enumerate(sequences):
        ids[row, : len(sequence)] = sequence
        mask[row, : len(sequence)] = 1
    return torch.from_numpy(ids), torch.from_numpy(mask)
