"""Masked language modelling: which tokens are to be predicted, and what stands in their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
from transformers import PreTrainedTokenizerBase

from adapterxlt.kinds.features import IGNORED, Feature

# Devlin et al. 2019, section 3.1: 15 % of the tokens are predicted; of those 80 % are replaced by
# the mask, 10 % by a random token, 10 % stay.
PREDICTED = 0.15
MASKED = 0.8
RANDOM = 0.1


@dataclass(frozen=True)
class Masking:
    """How the tokens of one vocabulary are masked.

    Args:
        mask_id: the token that hides others.
        ordinary: ids of all tokens but the special ones, which are neither hidden nor drawn.
    """

    mask_id: int
    ordinary: npt.NDArray[np.int64]

    @classmethod
    def of(cls, tokenizer: PreTrainedTokenizerBase) -> Masking:
        """The masking of a tokenizer's vocabulary."""
        ids = np.arange(len(tokenizer))
        ordinary = ids[~np.isin(ids, tokenizer.all_special_ids)]
        return cls(cast(int, tokenizer.mask_token_id), ordinary)

    def __call__(self, feature: Feature, seed: tuple[int, ...]) -> Feature:
        """The feature with some tokens hidden, its label saying which they were (-100: none).

        The same seed hides the same tokens. A text of ordinary tokens never goes without any.
        """
        rng = np.random.default_rng(seed)
        [row] = feature.input_ids
        ids = np.array(row)
        may = np.isin(ids, self.ordinary)
        drawn = rng.random(len(ids))
        chosen = may & (drawn < PREDICTED)
        if may.any() and not chosen.any():
            chosen[int(np.where(may, drawn, np.inf).argmin())] = True
        how = rng.random(len(ids))
        other = rng.choice(self.ordinary, size=len(ids))
        labels = np.where(chosen, ids, IGNORED)
        ids = np.where(chosen & (how < MASKED), self.mask_id, ids)
        ids = np.where(chosen & (how >= MASKED) & (how < MASKED + RANDOM), other, ids)
        return Feature(feature.example, [ids.tolist()], labels.tolist())
