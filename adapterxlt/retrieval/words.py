"""Measures how well vectors of words find translations, and how similar all vectors are.

Cosines of translations alone say little. If all vectors point in a similar direction, for example
because each contains the same special tokens, every pair looks like a translation. So figures of
translations are reported together with those of pairs that are not translations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from adapterxlt.metrics.statistics import STATISTICS, Column
from adapterxlt.search.arrays import Floats, Ids, check_vectors, normalise
from adapterxlt.search.exact import exact_neighbours
from adapterxlt.search.rows import ArrayRows
from adapterxlt.search.steady import steady_products

NEIGHBOURS = 10  # for CSLS, as in Conneau et al. 2018
AT_ONCE = 1024


@dataclass(frozen=True)
class Entries:
    """The entries of a lexicon to measure, as row numbers of distinct words.

    Args:
        source, target: for each entry the row of the word, and that of its translation.
        known: for each word of the source, the rows of all its translations.
    """

    source: Ids
    target: Ids
    known: Mapping[int, Sequence[int]]

    def turned(self) -> Entries:
        """The same entries with source and target exchanged."""
        known: dict[int, list[int]] = {}
        for word, translations in self.known.items():
            for translation in translations:
                known.setdefault(translation, []).append(word)
        return Entries(self.target, self.source, known)


def measure_words(
    source: Floats, target: Floats, entries: Entries
) -> tuple[dict[str, float], dict[str, Column]]:
    """Return every figure of a lexicon by metric, and the outcome of each entry.

    Each translation is searched among all words of the other side. A word's other translations
    do not count as right or wrong. If words are equally similar, the lower row comes first.

    * `p_at_1`, `mrr`: search by the cosine, from the target (English) to the source; `..._xx_en`:
      the other direction; `csls_...`: search by CSLS, which subtracts from the cosine the mean
      cosines of both words with their 10 nearest of the other side.
    * `similarity`: mean cosine of the translations; `similarity_shuffled`: mean cosine of each word
      with the words of all other entries that are not its translations; `similarity_gap`: the
      difference.
    * `anisotropy`: mean cosine of all pairs of different words, both languages together.

    Args:
        source: vectors [n, dim] of the distinct words of the other language.
        target: vectors [m, dim] of the distinct English words.
        entries: pairs of rows of both.
    """
    source = normalise(check_vectors(source, "words"))
    target = normalise(check_vectors(target, "translations"))
    near, back = exact_neighbours(
        ArrayRows(source, "words"), ArrayRows(target, "words"), NEIGHBOURS
    )
    own, other = (found[0].mean(axis=1, dtype=np.float64) for found in (near, back))
    xx_en, xx_en_csls = _ranks(source, target, entries, own, other)
    ranks, ranks_csls = _ranks(target, source, entries.turned(), other, own)
    columns: dict[str, Column] = {
        "rank": ranks,
        "rank_xx_en": xx_en,
        "rank_csls": ranks_csls,
        "rank_csls_xx_en": xx_en_csls,
        "similarity": _cosines(source[entries.source], target[entries.target]),
        "shuffled": _shuffled(source, target, entries),
    }
    of_outcomes = {
        name: statistic.of(columns)
        for name in (
            "p_at_1", "p_at_1_xx_en", "mrr", "mrr_xx_en", "csls_p_at_1", "csls_p_at_1_xx_en",
            "similarity", "similarity_shuffled", "similarity_gap",
        )
        for statistic in STATISTICS[name][:1]
    }  # fmt: skip
    return {**of_outcomes, "anisotropy": anisotropy(source, target)}, columns


def anisotropy(*sides: Floats) -> float:
    """Return the mean cosine of all pairs of different rows; vectors must have length 1."""
    vectors = np.concatenate(sides).astype(np.float64)
    count = len(vectors)
    if count < 2:
        return 0.0
    total = vectors.sum(axis=0)
    return float((total @ total - (vectors * vectors).sum()) / (count * (count - 1)))


def _cosines(left: Floats, right: Floats) -> npt.NDArray[np.float64]:
    return np.asarray((left.astype(np.float64) * right).sum(axis=1))


def _shuffled(source: Floats, target: Floats, entries: Entries) -> npt.NDArray[np.float64]:
    """Return, for each entry, the mean cosine of its word with the translations of other entries.

    This is the mean over all ways to shuffle the translations.
    """
    words, times = np.unique(entries.target, return_counts=True)
    total = (target[words].astype(np.float64) * times[:, None]).sum(axis=0)
    weights = dict(zip(words.tolist(), times.tolist(), strict=True))
    found = np.empty(len(entries.source))
    for row, word in enumerate(entries.source.tolist()):
        vector = source[word].astype(np.float64)
        own = [place for place in entries.known[word] if place in weights]
        left = len(entries.target) - sum(weights[place] for place in own)
        rest = total - sum(
            (weights[place] * target[place].astype(np.float64) for place in own),
            np.zeros_like(total),
        )
        found[row] = vector @ rest / left if left else 0.0
    return found


def _ranks(
    queries: Floats,
    base: Floats,
    entries: Entries,
    near: npt.NDArray[np.float64],
    base_near: npt.NDArray[np.float64],
) -> tuple[Ids, Ids]:
    """Return the rank (from 1) of the translation of each entry, by cosine and by CSLS.

    Args:
        near: the mean cosine of each query with its nearest of the other side; `base_near` is the
            same for each word of the base.
    """
    by_cosine = np.empty(len(entries.source), np.int64)
    by_csls = np.empty_like(by_cosine)
    for start in range(0, len(entries.source), AT_ONCE):
        rows = entries.source[start : start + AT_ONCE]
        right = entries.target[start : start + AT_ONCE]
        cosines = steady_products(queries[rows], base)
        csls = 2 * cosines.astype(np.float64) - near[rows, None] - base_near
        place = slice(start, start + len(rows))
        by_cosine[place] = _rank_of(cosines, rows, right, entries.known)
        by_csls[place] = _rank_of(csls, rows, right, entries.known)
    return by_cosine, by_csls


def _rank_of(
    scores: npt.NDArray[np.floating], rows: Ids, right: Ids, known: Mapping[int, Sequence[int]]
) -> Ids:
    own = scores[np.arange(len(rows)), right][:, None]
    before = np.arange(scores.shape[1]) < right[:, None]
    better = (scores > own) | ((scores == own) & before)
    for place, word in enumerate(rows.tolist()):
        better[place, list(known[word])] = False
    return np.asarray(1 + better.sum(axis=1), dtype=np.int64)
