"""Parallel sentences, and sets for bitext mining: true pairs hidden among others."""

from __future__ import annotations

import random

from tools.pocket import clauses, sampling, tagging
from tools.pocket.clauses import Clause
from tools.pocket.lexicon import Row, parallel
from tools.pocket.text import join, written

MINING_LANGUAGES = ("de", "fr", "ru", "zh")
FOREIGN, ENGLISH, GOLD = 400, 600, 80


def everyday() -> list[Row]:
    """The hand-translated everyday sentences."""
    return parallel("everyday")


def _meaning(rng: random.Random) -> tagging.Sentence:
    """A sentence rich enough to be told from the others."""
    draw = rng.random()
    if draw < 0.25:
        return tagging.news(rng, True)
    if draw < 0.5:
        one = sampling.clause(rng, True, acts=0.2, place=0.6, time=0.4)
        two = sampling.clause(rng, True, acts=0.4, place=0.6, time=0.2)
        return lambda lang: clauses.both(one, two, lang)
    clause: Clause = sampling.clause(rng, True, acts=0.15, place=1.0, time=0.8, colour=0.4)
    return lambda lang: clauses.render(clause, lang)


def mining_set(
    lang: str, split: str, seed: int
) -> tuple[dict[str, list[tuple[str, str]]], list[tuple[str, str]]]:
    """({language: [(id, sentence)]}, gold pairs of ids) of one language and split."""
    start = {"dev": 0, "test": 1}[split]
    hand = [(row[lang], row["en"]) for row in parallel("mined")[start::2]]
    rng = random.Random(f"{seed} mining {lang} {split}")
    seen = {text for row in parallel("mined") for text in (row[lang], row["en"])}
    if split == "test":
        sides, _ = mining_set(lang, "dev", seed)
        seen |= {text for side in sides.values() for _, text in side}

    def fresh(*languages: str) -> tuple[str, ...]:
        while True:
            meaning = _meaning(rng)
            texts = tuple(_text(meaning, one) for one in languages)
            if not seen.intersection(texts):
                seen.update(texts)
                return texts

    pairs = hand + [(a, b) for a, b in (fresh(lang, "en") for _ in range(GOLD - len(hand)))]
    foreign = [a for a, _ in pairs] + [fresh(lang)[0] for _ in range(FOREIGN - GOLD)]
    english = [b for _, b in pairs] + [fresh("en")[0] for _ in range(ENGLISH - GOLD)]
    sides = {}
    for side, texts in ((lang, foreign), ("en", english)):
        rng.shuffle(texts)
        sides[side] = [(f"{side}-{n:09d}", text) for n, text in enumerate(texts, start=1)]
    ids = {side: {text: key for key, text in sides[side]} for side in sides}
    gold = sorted((ids[lang][a], ids["en"][b]) for a, b in pairs)
    return sides, gold


def _text(meaning: tagging.Sentence, lang: str) -> str:
    words = meaning(lang)
    finished = words[-1].tag == "PUNCT"
    return join(words, lang)[0] if finished else written(words, lang)
