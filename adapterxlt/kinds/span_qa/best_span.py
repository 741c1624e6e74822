"""From the logits of one model input to what it predicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.workings import Logits

# As in the public question-answering scripts (XTREME, Hugging Face).
N_BEST = 20
MAX_ANSWER_TOKENS = 30


@dataclass(frozen=True)
class Span:
    """An answer in characters of the context, and its score (start plus end logit)."""

    score: float
    start: int
    end: int


def best_span(feature: Feature, start: Logits, end: Logits) -> Span | None:
    """The best answer of one window of a context.

    Among the `N_BEST` context tokens with the highest start logit and those with the highest end
    logit, the pair with the highest sum that is in order, at most `MAX_ANSWER_TOKENS` long and not
    of white space alone. Equal sums: the earliest start, then the earliest end.

    Args:
        feature: the window, with `offsets`.
        start: [at least its length] start logits; padding behind is ignored.
        end: the same for the end.

    Returns:
        None if no pair is possible.
    """
    tokens = np.asarray([i for i, span in enumerate(feature.offsets) if span], dtype=np.int64)
    if not len(tokens):
        return None
    starts = _highest(start, tokens)
    ends = _highest(end, tokens)
    length = ends[None, :] - starts[:, None] + 1
    sums = start[starts].astype(np.float64)[:, None] + end[ends].astype(np.float64)[None, :]
    sums[(length < 1) | (length > MAX_ANSWER_TOKENS)] = -np.inf
    places = [span or (0, 0) for span in feature.offsets]
    left = np.asarray([places[token][0] for token in starts])
    right = np.asarray([places[token][1] for token in ends])
    sums[left[:, None] >= right[None, :]] = -np.inf
    row, column = np.unravel_index(int(sums.argmax()), sums.shape)
    if sums[row, column] == -np.inf:
        return None
    return Span(float(sums[row, column]), int(left[row]), int(right[column]))


def null_score(start: Logits, end: Logits) -> float:
    """How much a window speaks for "no answer": the logits of its first token, `<s>`.

    A question's score is the lowest of its windows' (run_squad.py of SQuAD 2.0): one window that
    holds the answer is enough.
    """
    return float(start[0]) + float(end[0])


def _highest(logits: Logits, tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The `N_BEST` of the tokens by logit (equal ones: the earlier), in the order of the text."""
    best = np.argsort(-logits[tokens], kind="stable")[:N_BEST]
    return np.sort(tokens[best])
