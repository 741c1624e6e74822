"""Short translation pairs taken from the parallel sentences by word alignment.

The sentences to train on are long, those of retrieval tasks short. Words are aligned with IBM
model 1 (Brown et al. 1993) with a preference for the diagonal (Dyer et al. 2013), both ways; what
both directions agree on licenses phrase pairs as in phrase-based translation (Koehn et al. 2003).
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import sentencepiece as spm

from tools.mini.readers import Group
from tools.mini.store import Ints

Floats = npt.NDArray[np.float64]
Span = tuple[int, int]

UNSPACED = ("zh", "ja", "th")
MAX_WORDS = 7
PER_SENTENCE = 10
"""Phrases kept of one sentence, those with translations in more languages first."""

_EDGE = re.compile(r"^\W+|[^\w\u0900-\u097F\u0E00-\u0E7F]+$")
_TOKEN = re.compile(r"\S+")


def word_spans(text: str, language: str, pieces: spm.SentencePieceProcessor) -> list[Span]:
    """Where the words of a text are; in scripts without spaces the vocabulary's pieces."""
    if language not in UNSPACED:
        spans = []
        for match in _TOKEN.finditer(text):
            word = match.group()
            left = len(word) - len(re.sub(r"^[^\w]+", "", word))
            bare = _EDGE.sub("", word)
            if bare:
                spans.append((match.start() + left, match.start() + left + len(bare)))
        return spans
    spans = []
    position = 0
    for piece in pieces.encode(text, out_type=str):
        bare = piece.replace("▁", "")
        found = text.find(bare, position) if bare else -1
        if found >= 0:
            position = found + len(bare)
            if re.search(r"\w", bare):
                spans.append((found, position))
    return spans


def align_words(
    pairs: Sequence[tuple[Ints, Ints]], iterations: int = 6, diagonal: float = 4.0
) -> list[Floats]:
    """Posterior alignment probabilities of each sentence pair, one row a target word.

    ``pairs`` hold word ids of the source and the target. Counts are damped (0.5 is added to each
    source word's total) so that rare words do not collect everything.
    """
    sources, targets, rows, prior = [], [], [], []
    total = 0
    for source, target in pairs:
        n, m = len(source), len(target)
        sources.append(np.tile(source, m))
        targets.append(np.repeat(target, n))
        rows.append(np.repeat(np.arange(total, total + m), n))
        total += m
        offset = (np.arange(n)[None] + 0.5) / n - (np.arange(m)[:, None] + 0.5) / m
        prior.append(np.exp(-diagonal * np.abs(offset)).ravel())
    row = np.concatenate(rows)
    weight = np.concatenate(prior)
    keys = np.concatenate(sources) * np.int64(1 << 24) + np.concatenate(targets)
    unique, inverse = np.unique(keys, return_inverse=True)
    owner = unique >> 24
    table = np.ones(len(unique))
    for _ in range(iterations + 1):
        posterior = table[inverse] * weight
        posterior /= (np.bincount(row, posterior, minlength=total) + 1e-30)[row]
        counts = np.bincount(inverse, posterior, minlength=len(unique))
        table = counts / (np.bincount(owner, counts)[owner] + 0.5)
    sizes = [len(source) * len(target) for source, target in pairs]
    parts = np.split(posterior, np.cumsum(sizes)[:-1])
    return [
        part.reshape(len(target), len(source))
        for part, (source, target) in zip(parts, pairs, strict=True)
    ]


def agreed(forward: Floats, backward: Floats) -> dict[int, int]:
    """Source to target positions that are each other's best link with a probable score."""
    score = forward * backward.T
    best_source, best_target = score.argmax(axis=1), score.argmax(axis=0)
    return {
        int(i): j for j, i in enumerate(best_source) if best_target[i] == j and score[j, i] > 0.05
    }


def consistent(links: dict[int, int], length: int) -> list[tuple[int, int, int, int]]:
    """Phrase pairs (source first, last, target first, last) that no link leaves.

    At least 60 % of the source words and half of the target words must be linked.
    """
    reverse = {j: i for i, j in links.items()}
    phrases = []
    for first in links:
        low = high = links[first]
        linked = 0
        for last in range(first, min(first + MAX_WORDS, length)):
            if last not in links:
                continue
            low, high = min(low, links[last]), max(high, links[last])
            linked += 1
            if high - low > MAX_WORDS + 2:
                break
            inside = [reverse[j] for j in range(low, high + 1) if j in reverse]
            if min(inside) < first or max(inside) > last:
                continue
            if linked >= 0.6 * (last - first + 1) and len(inside) >= 0.5 * (high - low + 1):
                phrases.append((first, last, low, high))
    return phrases


def _ids(texts: Sequence[str], spans: Sequence[list[Span]]) -> list[Ints]:
    known: dict[str, int] = {}
    return [
        np.array([known.setdefault(text[a:b].lower(), len(known)) for a, b in cut], dtype=np.int64)
        for text, cut in zip(texts, spans, strict=True)
    ]


def extract_phrases(
    groups: Sequence[Group],
    languages: Sequence[str],
    pieces: spm.SentencePieceProcessor,
    seed: int,
) -> list[Group]:
    """Phrases of 1 to 7 English words with their translations, one group per English phrase.

    Of several translations the most frequent is kept; a single word needs one that was seen twice
    and makes up 30 % of its occurrences.
    """
    english = [group for group in groups if "en" in group]
    english_spans = [word_spans(group["en"], "en", pieces) for group in english]
    english_ids = _ids([group["en"] for group in english], english_spans)
    found: dict[int, dict[Span, Group]] = defaultdict(dict)
    for language in languages:
        if language == "en":
            continue
        have = [n for n, group in enumerate(english) if language in group]
        texts = [english[n][language] for n in have]
        spans = [word_spans(text, language, pieces) for text in texts]
        ids = _ids(texts, spans)
        usable = [
            k for k, n in enumerate(have) if 0 < len(ids[k]) <= 80 and 0 < len(english_ids[n]) <= 60
        ]
        if not usable:
            continue
        pairs = [(english_ids[have[k]], ids[k]) for k in usable]
        forward = align_words(pairs)
        backward = align_words([(target, source) for source, target in pairs])
        for k, there, back in zip(usable, forward, backward, strict=True):
            n = have[k]
            links = agreed(there, back)
            for first, last, low, high in consistent(links, len(english_ids[n])):
                text = texts[k][spans[k][low][0] : spans[k][high][1]]
                found[n].setdefault((first, last), {})[language] = text
    generator = random.Random(seed)
    seen: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for n, phrases in found.items():
        ranked = [(-min(len(p), 3) - generator.random(), span) for span, p in phrases.items()]
        for _, (first, last) in sorted(ranked)[:PER_SENTENCE]:
            start, end = english_spans[n][first][0], english_spans[n][last][1]
            source = english[n]["en"][start:end].lower()
            for language, text in phrases[first, last].items():
                seen[source][language][text if language == "de" else text.lower()] += 1
    result: list[Group] = []
    for source, translations in seen.items():
        group = {"en": source}
        for language, counter in translations.items():
            text, count = counter.most_common(1)[0]
            if " " in source or (count > 1 and count >= 0.3 * counter.total()):
                group[language] = text
        if len(group) > 1:
            result.append(group)
    return result
