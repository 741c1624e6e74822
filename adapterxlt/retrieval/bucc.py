"""BUCC: mines translation pairs from two monolingual texts and compares them with gold pairs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from adapterxlt.errors import AdapterXLTError, UsageError
from adapterxlt.retrieval.protocols import Duplicates, Protocol, Retrieval
from adapterxlt.search.arrays import Ids
from adapterxlt.search.best import Neighbours
from adapterxlt.search.exact import exact_neighbours
from adapterxlt.search.margin import margin_scores
from adapterxlt.search.names import Margin
from adapterxlt.search.rows import Rows
from adapterxlt.search.steady import Doubles

# Without a threshold, all public scripts print only candidates that score above 0.
MIN_SCORE = 0.0


@dataclass(frozen=True)
class Candidates:
    """Candidate pairs, best first (equal scores: lower source, then lower target row).

    Args:
        scores: by the margin.
        source_idx: rows of the source side.
        target_idx: rows of the target side.
        unscored: number of sentences of both sides that proposed nothing, because the ratio has no
            meaning for any of their neighbours (see `margin.margin_scores`).
    """

    scores: Doubles
    source_idx: Ids
    target_idx: Ids
    unscored: int = 0

    def __len__(self) -> int:
        return len(self.scores)


@dataclass(frozen=True)
class Quality:
    """Precision, recall and F1 in percent of the pairs that score at least `threshold`."""

    threshold: float
    precision: float
    recall: float
    f1: float


def mine(
    source: Rows, target: Rows, protocol: Protocol, least: float | None = None, device: str = ""
) -> Candidates:
    """Candidate pairs of two sets of vectors, searched exactly; see `match`.

    Args:
        device: a GPU to search on; "" for the CPU. The pairs are the same.
    """
    forward, backward = exact_neighbours(source, target, protocol.k, device=device)
    return match(forward, backward, protocol.margin, protocol.retrieval, least)


def tuned_least(margin: Margin) -> float | None:
    """Return `least` of `match` for tuning: the best threshold of a distance may be below 0."""
    return -np.inf if margin == "distance" else None


def match(
    forward: Neighbours,
    backward: Neighbours,
    margin: Margin,
    retrieval: Retrieval = "max",
    least: float | None = None,
) -> Candidates:
    """Make candidate pairs from the neighbours of both sides.

    Every sentence of either side proposes its best candidate by margin score (equal scores: the
    higher cosine, then the lower row). `retrieval` has the values of LASER's `--retrieval`:
    `forward` keeps what the source sentences propose, `backward` what the target sentences
    propose (a sentence may occur in several pairs), and `intersection` what both propose. `max`
    goes through the proposals of both sides from the best score down, and accepts those whose
    two sentences are still free.

    Args:
        forward: (cosines [n, k], target rows [n, k]) of the source sentences; row -1 with score
            -inf where an approximate index found fewer.
        backward: the same for the target sentences.
        margin: how a cosine is compared with those of the neighbours.
        retrieval: which proposals count.
        least: the lowest score of a candidate; None: it must be above 0.
    """
    n_source, n_target = len(forward[0]), len(backward[0])
    source_mean, target_mean = _means(forward), _means(backward)
    source_best = _best(forward, source_mean, target_mean, margin)
    target_best = _best(backward, target_mean, source_mean, margin)
    ahead = (source_best[0], np.arange(n_source), source_best[1])
    back = (target_best[0], target_best[1], np.arange(n_target))
    if retrieval == "max":
        joined = [np.concatenate(parts) for parts in zip(ahead, back, strict=True)]
        found = _one_to_one(_sorted(*_counted(least, *joined)), n_source, n_target)
    elif retrieval == "backward":
        found = _sorted(*_counted(least, *back))
    else:
        if retrieval == "intersection":
            mutual = target_best[1][ahead[2]] == ahead[1]
            ahead = (ahead[0][mutual], ahead[1][mutual], ahead[2][mutual])
        found = _sorted(*_counted(least, *ahead))
    unscored = int(np.isneginf(source_best[0]).sum() + np.isneginf(target_best[0]).sum())
    return replace(found, unscored=unscored if margin == "ratio" else 0)


def check_finite(number: float | None, what: str) -> None:
    """Refuse NaN and infinity, as no number can be compared with them.

    Raises:
        UsageError: the number is one of these.
    """
    if number is not None and not np.isfinite(number):
        raise UsageError(f"{what} must be a finite number, not {number}")


def unscored_note(candidates: Candidates) -> str | None:
    """Return a note on the sentences without a score; None if all have one."""
    if not candidates.unscored:
        return None
    return (
        f"{candidates.unscored} sentences have no ratio margin and propose no pair, because the "
        "mean cosine with their neighbours is not above 0. This happens with few sentences, or "
        "with +centre or +whiten; use +distance or +csls instead"
    )


def _counted(
    least: float | None, scores: Doubles, source_idx: Ids, target_idx: Ids
) -> tuple[Doubles, Ids, Ids]:
    kept = scores > MIN_SCORE if least is None else scores >= least
    kept &= np.isfinite(scores) & (source_idx >= 0) & (target_idx >= 0)
    return scores[kept], source_idx[kept], target_idx[kept]


def _means(neighbours: Neighbours) -> Doubles:
    scores, ids = neighbours
    found = (ids >= 0).sum(axis=1)
    total = np.where(ids >= 0, scores, 0).sum(axis=1, dtype=np.float64)
    return np.asarray(total / np.maximum(found, 1))


def _best(
    neighbours: Neighbours, own_mean: Doubles, other_mean: Doubles, margin: Margin
) -> tuple[Doubles, Ids]:
    cosines, ids = neighbours
    scores = margin_scores(cosines, ids, own_mean, other_mean, margin)
    scores[ids < 0] = -np.inf
    if margin == "ratio":
        scores[scores == 0] = -np.inf  # a ratio of 0 has no meaning
    best = scores.argmax(axis=1)[:, None]
    return (
        np.take_along_axis(scores, best, axis=1)[:, 0],
        np.take_along_axis(ids, best, axis=1)[:, 0],
    )


def _sorted(scores: Doubles, source_idx: Ids, target_idx: Ids) -> Candidates:
    order = np.lexsort((target_idx, source_idx, -scores))
    return Candidates(scores[order], source_idx[order], target_idx[order])


def _one_to_one(proposals: Candidates, n_source: int, n_target: int) -> Candidates:
    """Match greedily, best score first, many pairs in one round.

    A proposal that is the first remaining one of both its sentences would also be accepted one by
    one. Each round accepts all of these and removes the proposals that share a sentence with them.
    """
    source, target = proposals.source_idx, proposals.target_idx
    left = np.arange(len(proposals))
    accepted = []
    while len(left):
        first_source = np.empty(n_source, dtype=np.int64)
        first_target = np.empty(n_target, dtype=np.int64)
        # If several values are assigned to one place, the last one stays: here the best proposal.
        first_source[source[left][::-1]] = left[::-1]
        first_target[target[left][::-1]] = left[::-1]
        wins = (first_source[source[left]] == left) & (first_target[target[left]] == left)
        won = left[wins]
        accepted.append(won)
        source_free, target_free = np.ones(n_source, dtype=bool), np.ones(n_target, dtype=bool)
        source_free[source[won]] = False
        target_free[target[won]] = False
        left = left[source_free[source[left]] & target_free[target[left]]]
    rows = np.sort(np.concatenate(accepted)) if accepted else np.empty(0, dtype=np.int64)
    return Candidates(proposals.scores[rows], source[rows], target[rows])


def to_sentences(
    candidates: Candidates,
    source: Sequence[int],
    target: Sequence[int],
    duplicates: Duplicates,
) -> Candidates:
    """Turn candidates among distinct texts into candidates among all sentences.

    Args:
        candidates: their rows are numbers of distinct texts.
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
    """Find the threshold with the best F1; return it with its precision, recall and F1.

    Candidates with equal scores are taken or left together, so applying the threshold gives the
    same figures. It lies midway between the last score taken and the next lower one; if all
    candidates are taken, it is the lowest score. If several thresholds are equally good, the one
    with the fewest pairs wins. If no threshold finds a gold pair, it lies above all candidates.

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
        raise AdapterXLTError("there are no gold pairs to compare the mined pairs with")
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
