from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.retrieval.words import Entries, anisotropy, measure_words


def brute(source, target, pairs, measured):  # type: ignore[no-untyped-def]
    """The same figures, entry by entry."""
    unit = [side / np.linalg.norm(side, axis=1, keepdims=True) for side in (source, target)]
    cos = unit[0] @ unit[1].T
    near = [np.sort(cos, axis=1)[:, -10:].mean(axis=1), np.sort(cos, axis=0)[-10:].mean(axis=0)]
    csls = 2 * cos - near[0][:, None] - near[1]
    found = {}
    for name, scores in (("p_at_1", cos), ("csls_p_at_1", csls)):
        for end, turned in (("", True), ("_xx_en", False)):
            ranks = []
            for one, other in measured:
                word, right = (other, one) if turned else (one, other)
                row = scores.T[word] if turned else scores[word]
                wrong = [
                    place
                    for place in range(len(row))
                    if ((place, word) if turned else (word, place)) not in pairs
                ]
                ranks.append(1 + sum(row[place] > row[right] for place in wrong))
            found[name + end] = 100 * np.mean([rank == 1 for rank in ranks])
            if name == "p_at_1":
                found["mrr" + end] = 100 * np.mean([1 / rank for rank in ranks])
    found["similarity"] = np.mean([cos[pair] for pair in measured])
    found["similarity_shuffled"] = np.mean(
        [
            np.mean([cos[one, target] for _, target in measured if (one, target) not in pairs])
            for one, _ in measured
        ]
    )
    found["similarity_gap"] = found["similarity"] - found["similarity_shuffled"]
    every = np.concatenate(unit)
    found["anisotropy"] = np.mean((every @ every.T)[~np.eye(len(every), dtype=bool)])
    return found


@given(seed=st.integers(0, 10_000))
def test_every_figure_is_that_of_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    source = rng.normal(size=(14, 6)).astype(np.float32)
    target = (rng.normal(size=(16, 6)) + 0.5).astype(np.float32)
    pairs = {(i, i) for i in range(14)} | {(0, 14), (3, 2), (5, 15)}
    measured = sorted(pairs)[:: int(rng.integers(1, 4))]
    known = {word: sorted(b for a, b in pairs if a == word) for word in range(14)}
    rows = np.array(measured)
    values, columns = measure_words(source, target, Entries(rows[:, 0], rows[:, 1], known))
    assert values == pytest.approx(brute(source, target, pairs, measured), abs=1e-4)
    assert {len(column) for column in columns.values()} == {len(measured)}


def test_a_shared_direction_makes_every_pair_alike_and_finds_nothing() -> None:
    rng = np.random.default_rng(1)
    source, target = (rng.normal(size=(200, 32)).astype(np.float32) for _ in range(2))
    everywhere = 100 * np.ones(32, dtype=np.float32)
    rows = np.arange(200)
    entries = Entries(rows, rows, {row: [row] for row in range(200)})
    values, _ = measure_words(source + everywhere, target + everywhere, entries)
    assert values["similarity"] > 0.999
    assert abs(values["similarity_gap"]) < 1e-4
    assert values["anisotropy"] > 0.999
    assert values["p_at_1"] < 5


def test_of_equal_words_the_lower_row_comes_first() -> None:
    source = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
    entries = Entries(np.arange(3), np.arange(3), {row: [row] for row in range(3)})
    _, columns = measure_words(source, source.copy(), entries)
    assert columns["rank"].tolist() == columns["rank_xx_en"].tolist() == [1, 2, 1]


def test_no_two_vectors_no_anisotropy() -> None:
    assert anisotropy(np.ones((1, 3), dtype=np.float32)) == 0.0
