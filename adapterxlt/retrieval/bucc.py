"""BUCC: mine translation pairs out of two monolingual texts, and score them against gold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from adapterxlt.errors import AdapterXLTError
from adapterxlt.retrieval.index import Floats, Ids, search
from adapterxlt.retrieval.margin import Doubles, margin_scores
from adapterxlt.retrieval.protocols import Duplicates, Margin, Protocol

# All public scripts print a candidate only if it scores above 0.
MIN_SCORE = 0.0


@dataclass(frozen=True)
class Candidates:
    """Candidate pairs, best first (equal scores: lower source, then lower target row)."""

    scores: Doubles
    source_idx: Ids
    target_idx: Ids

    def __len__(self) -> int:
        return len(self.scores)


@dataclass(frozen=True)
class Quality:
    """Precision, recall and F1 in percent of the pairs that score at least `threshold`."""

    threshold: float
    precision: float
    recall: float
    f1: float


def mine(source: Floats, target: Floats, protocol: Protocol) -> Candidates:
    """One-to-one candidate pairs of two sets of vectors (rows of both sides are sentences).

    Every sentence of either side proposes its best candidate by margin score (equal scores: the
    higher cosine, then the lower row). Proposals are accepted from the best score down while
    both sentences are free, and kept if they score above 0.
    """
    forward_cos, forward_ids = search(source, target, protocol.k)
    backward_cos, backward_ids = search(target, source, protocol.k)
    source_mean = forward_cos.mean(axis=1, dtype=np.float64)
    target_mean = backward_cos.mean(axis=1, dtype=np.float64)
    margin = protocol.margin
    forward = _best(forward_cos, forward_ids, source_mean, target_mean, margin)
    backward = _best(backward_cos, backward_ids, target_mean, source_mean, margin)
    scores = np.concatenate([forward[0], backward[0]])
    source_idx = np.concatenate([np.arange(len(source)), backward[1]])
    target_idx = np.concatenate([forward[1], np.arange(len(target))])
    kept = scores > MIN_SCORE
    proposals = _sorted(scores[kept], source_idx[kept], target_idx[kept])
    return _one_to_one(proposals, len(source), len(target))


def _best(
    cosines: Floats, ids: Ids, own_mean: Doubles, other_mean: Doubles, margin: Margin
) -> tuple[Doubles, Ids]:
    scores = margin_scores(cosines, ids, own_mean, other_mean, margin)
    best = scores.argmax(axis=1)[:, None]
    return (
        np.take_along_axis(scores, best, axis=1)[:, 0],
        np.take_along_axis(ids, best, axis=1)[:, 0],
    )


def _sorted(scores: Doubles, source_idx: Ids, target_idx: Ids) -> Candidates:
    order = np.lexsort((target_idx, source_idx, -scores))
    return Candidates(scores[order], source_idx[order], target_idx[order])


def _one_to_one(proposals: Candidates, n_source: int, n_target: int) -> Candidates:
    source_free, target_free = bytearray(b"\1" * n_source), bytearray(b"\1" * n_target)
    accepted = []
    pairs = zip(proposals.source_idx.tolist(), proposals.target_idx.tolist(), strict=True)
    for row, (source, target) in enumerate(pairs):
        if source_free[source] and target_free[target]:
            source_free[source] = target_free[target] = 0
            accepted.append(row)
    rows = np.asarray(accepted, dtype=np.int64)
    return Candidates(
        proposals.scores[rows], proposals.source_idx[rows], proposals.target_idx[rows]
    )


def to_sentences(
    candidates: Candidates,
    source: Sequence[int],
    target: Sequence[int],
    duplicates: Duplicates,
) -> Candidates:
    """Candidates among distinct texts, told in rows of the full sides.

    Args:
        candidates: rows count distinct texts.
        source: for each sentence of the source side, the row of its text.
        target: the same for the target side.
        duplicates: `drop` pairs with a text that occurs several times (XTREME, LASER), or
            `expand` them to every combination of its sentences (jiant).
    """
    scores, source_idx, target_idx = [], [], []
    source_of, target_of = _occurrences(source), _occurrences(target)
    pairs = zip(candidates.source_idx.tolist(), candidates.target_idx.tolist(), strict=True)
    for score, (source_text, target_text) in zip(candidates.scores.tolist(), pairs, strict=True):
        sources, targets = source_of[source_text], target_of[target_text]
        if duplicates == "drop" and len(sources) * len(targets) > 1:
            continue
        for left, right in product(sources, targets):
            scores.append(score)
            source_idx.append(left)
            target_idx.append(right)
    return _sorted(
        np.asarray(scores, dtype=np.float64),
        np.asarray(source_idx, dtype=np.int64),
        np.asarray(target_idx, dtype=np.int64),
    )


def _occurrences(texts: Sequence[int]) -> dict[int, list[int]]:
    rows = defaultdict(list)
    for row, text in enumerate(texts):
        rows[text].append(row)
    return rows


def tune_threshold(candidates: Candidates, gold: Collection[tuple[int, int]]) -> Quality:
    """The threshold with the best F1, and what it gives.

    Candidates of one score are taken or left together, so applying the threshold gives the same
    figures. It lies midway to the next lower score; below the last candidate it is that
    candidate's own score. Of equally good cuts the one with the fewest pairs wins. When no cut
    finds a gold pair, the threshold lies above all candidates.

    Args:
        candidates: best first.
        gold: (source row, target row) pairs, at least one.
    """
    scores = candidates.scores
    nothing = Quality(float(np.nextafter(scores[0], np.inf)) if len(scores) else 0.0, 0.0, 0.0, 0.0)
    right = np.cumsum(_is_gold(candidates, gold))
    if not len(scores) or not right[-1]:
        return nothing
    taken = np.arange(1, len(scores) + 1)
    f1 = 2.0 * right / (taken + len(gold))  # = 2PR / (P + R)
    f1[:-1][scores[:-1] == scores[1:]] = -1.0
    cut = int(f1.argmax())
    threshold = scores[cut]
    if cut + 1 < len(scores):
        middle = (scores[cut] + scores[cut + 1]) / 2
        threshold = middle if middle > scores[cut + 1] else threshold
    return _quality(float(threshold), int(right[cut]), cut + 1, len(gold))


def apply_threshold(
    candidates: Candidates, gold: Collection[tuple[int, int]], threshold: float
) -> Quality:
    """Score the candidates at or above a threshold that was tuned elsewhere."""
    taken = candidates.scores >= threshold
    right = int((_is_gold(candidates, gold) & taken).sum())
    return _quality(threshold, right, int(taken.sum()), len(gold))


def _is_gold(candidates: Candidates, gold: Collection[tuple[int, int]]) -> np.ndarray:
    if not gold:
        raise AdapterXLTError("no gold pairs to score the mined pairs against")
    known = gold if isinstance(gold, (set, frozenset)) else set(gold)
    pairs = zip(candidates.source_idx.tolist(), candidates.target_idx.tolist(), strict=True)
    return np.fromiter((pair in known for pair in pairs), dtype=bool, count=len(candidates))


def _quality(threshold: float, right: int, taken: int, gold: int) -> Quality:
    return Quality(
        threshold=threshold,
        precision=100.0 * right / taken if taken else 0.0,
        recall=100.0 * right / gold,
        f1=200.0 * right / (taken + gold),
    )
