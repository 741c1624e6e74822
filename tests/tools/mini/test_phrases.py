"""Word alignment and phrase pairs."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from tests.tools.mini import tiny_sources
from tools.mini.phrases import (
    align_words,
    consistent,
    extract_phrases,
    word_spans,
)

CHARACTERS = SimpleNamespace(encode=lambda text, out_type=str: list(text))
"""Stands in for a vocabulary whose pieces are single characters."""


def test_words_without_their_punctuation() -> None:
    text = "“Don't,” she said: (yes) 3.5 — ok"
    words = [text[a:b] for a, b in word_spans(text, "en", CHARACTERS)]
    assert words == ["Don't", "she", "said", "yes", "3.5", "ok"]
    hindi = "वह आया।"
    assert next(hindi[a:b] for a, b in word_spans(hindi, "hi", CHARACTERS)) == "वह"
    assert [a for a, _ in word_spans("他来了。", "zh", CHARACTERS)] == [0, 1, 2]


def test_alignment_learns_from_what_occurs_together() -> None:
    # 0 goes with 10 and 1 with 11, in either order; 2 with 12.
    pairs = [([0, 1], [11, 10]), ([0, 2], [10, 12]), ([1, 2], [12, 11]), ([0], [10])]
    arrays = [(np.array(a), np.array(b)) for a, b in pairs]
    posterior = align_words(arrays, iterations=20, diagonal=0.0)
    assert posterior[0].argmax(axis=1).tolist() == [1, 0]
    assert posterior[2].argmax(axis=1).tolist() == [1, 0]
    assert np.allclose(posterior[1].sum(axis=1), 1)


def test_phrases_are_closed_under_links() -> None:
    phrases = consistent({0: 0, 1: 2, 2: 1}, length=3)
    assert (0, 0, 0, 0) in phrases
    assert (1, 2, 1, 2) in phrases
    assert (0, 2, 0, 2) in phrases
    assert (0, 1, 0, 2) not in phrases  # target word 1 belongs to source word 2


def test_extracts_the_lexicon_of_parallel_sentences() -> None:
    languages = ["en", "de"]
    texts = [tiny_sources.sentences(language) for language in languages]
    groups = [dict(zip(languages, row, strict=True)) for row in zip(*texts, strict=True)]
    phrases = {g["en"]: g["de"] for g in extract_phrases(groups, languages, CHARACTERS, seed=1)}
    assert phrases["dog"] == "Hund"
    assert phrases["waits"] == "wartet"
    assert phrases["bird sleeps"] == "Vogel schläft"
    again = extract_phrases(groups, languages, CHARACTERS, seed=1)
    assert again == extract_phrases(groups, languages, CHARACTERS, seed=1)
