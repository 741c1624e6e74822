"""Each protocol whole, from vectors to pairs and figures, against a slow one written apart.

Vectors are small integers and lengths stay as they are, so that products are exact and ties are
ties; texts are few, so that sentences occur again.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapterxlt.retrieval.bucc import mine, to_sentences
from adapterxlt.retrieval.protocols import PROTOCOLS, get_protocol
from adapterxlt.retrieval.score import score_sides
from adapterxlt.retrieval.sides import Sides, text_rows
from adapterxlt.retrieval.tatoeba import tatoeba_scores
from adapterxlt.search.rows import ArrayRows

MARGINS = ("", "+distance", "+absolute", "+csls")
RETRIEVALS = ("", "+forward", "+backward", "+intersection")
NAMES = [
    preset + margin + retrieval
    for preset in PROTOCOLS
    for margin in MARGINS
    for retrieval in RETRIEVALS
]
# A text of a side, and its vector: equal texts have equal vectors, other texts may have too.
POINTS = st.lists(st.tuples(st.integers(-2, 3), st.integers(-2, 3)), min_size=1, max_size=6)


@st.composite
def mining_cases(draw):
    sides = []
    for name in "st":
        points = draw(POINTS)
        texts = draw(st.lists(st.integers(0, len(points) - 1), min_size=1, max_size=8))
        sides.append(([f"{name}{t}" for t in texts], [points[t] for t in texts]))
    cells = [(i, j) for i in range(len(sides[0][0])) for j in range(len(sides[1][0]))]
    return sides, draw(st.sets(st.sampled_from(cells), min_size=1))


def unscaled(name):
    protocol = get_protocol(name)
    return replace(protocol, bucc=replace(protocol.bucc, normalise=False))


def slow_pairs(sides, protocol, above=0.0):
    """(score, source row, target row), best first; those that score above a number."""
    texts, vectors = [], []
    for names, points in sides:
        texts.append(list(dict.fromkeys(names)))
        vectors.append([points[names.index(text)] for text in texts[-1]])

    def neighbours(query, base):
        scored = [(-sum(a * b for a, b in zip(query, v, strict=True)), i)
                  for i, v in enumerate(base)]  # fmt: skip
        return [(-negative, i) for negative, i in sorted(scored)[: protocol.k]]

    found = [[neighbours(query, vectors[1 - side]) for query in vectors[side]] for side in range(2)]
    means = [[sum(c for c, _ in row) / len(row) for row in rows] for rows in found]

    def score(cosine, left, right):
        around = (means[0][left] + means[1][right]) / 2
        if protocol.margin == "ratio":
            return cosine / around if around > 0 else 0.0
        return cosine - around if protocol.margin == "distance" else cosine

    ahead, back = set(), set()
    for i, row in enumerate(found[0]):
        best, _, j = max((score(c, i, j), -place, j) for place, (c, j) in enumerate(row))
        ahead.add((-best, i, j))
    for j, row in enumerate(found[1]):
        best, _, i = max((score(c, i, j), -place, i) for place, (c, i) in enumerate(row))
        back.add((-best, i, j))
    proposals = {"max": ahead | back, "forward": ahead, "backward": back,
                 "intersection": ahead & back}[protocol.retrieval]  # fmt: skip
    pairs, used = [], (set(), set())
    for negative, i, j in sorted(proposals):
        taken = protocol.retrieval == "max" and (i in used[0] or j in used[1])
        if -negative > above and not taken:
            used[0].add(i)
            used[1].add(j)
            pairs.append((-negative, texts[0][i], texts[1][j]))
    rows = []
    for value, left, right in pairs:
        lefts = [i for i, text in enumerate(sides[0][0]) if text == left]
        rights = [j for j, text in enumerate(sides[1][0]) if text == right]
        if protocol.duplicates == "expand" or len(lefts) == len(rights) == 1:
            rows += [(value, i, j) for i in lefts for j in rights]
    return sorted(rows, key=lambda row: (-row[0], row[1], row[2]))


def slow_best(pairs, gold):
    """Precision, recall, F1 of the best cut, and of equal ones that with the fewest pairs."""
    best = (Fraction(0), Fraction(0), Fraction(0))
    for cut in sorted({value for value, _, _ in pairs}, reverse=True):
        taken = [(i, j) for value, i, j in pairs if value >= cut]
        right = sum(pair in gold for pair in taken)
        f1 = Fraction(200 * right, len(taken) + len(gold))
        if f1 > best[2]:
            best = (Fraction(100 * right, len(taken)), Fraction(100 * right, len(gold)), f1)
    return best


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=20)
@given(mining_cases())
def test_mined_pairs_and_f1_are_those_of_the_slow_protocol(name, case):
    sides, gold = case
    protocol = unscaled(name)
    vectors = [np.array(points, np.float32) for _, points in sides]
    rows = [text_rows(names) for names, _ in sides]
    distinct = [
        side[np.unique(np.array(numbers), return_index=True)[1]]
        for side, numbers in zip(vectors, rows, strict=True)
    ]
    found = to_sentences(mine(*map(ArrayRows, distinct), protocol), *rows, protocol.duplicates)
    expected = slow_pairs(sides, protocol)
    ours = zip(found.source_idx.tolist(), found.target_idx.tolist(), strict=True)
    assert list(ours) == [(i, j) for _, i, j in expected]
    assert found.scores.tolist() == pytest.approx([value for value, _, _ in expected])
    values, _ = score_sides(*vectors, Sides(*rows, frozenset(gold)), protocol)
    if protocol.margin == "distance":  # the best cut may lie below 0
        expected = slow_pairs(sides, protocol, -float("inf"))
    precision, recall, f1 = slow_best(expected, gold)
    assert values["f1"] == pytest.approx(float(f1))
    assert values["recall"] == pytest.approx(float(recall))
    assert values["precision"] == pytest.approx(float(precision))


# Sides of a power of two: means over all of the other side are then exact too.
ALIGNED = st.sampled_from([1, 2, 4, 8]).flatmap(
    lambda n: st.lists(
        st.tuples(*[st.tuples(st.integers(-2, 2), st.integers(-2, 2))] * 2),
        min_size=n,
        max_size=n,
    )
)


@pytest.mark.parametrize("csls", [False, True])
@given(ALIGNED)
def test_tatoeba_is_that_of_the_slow_protocol(csls, rows):
    foreign, english = ([row[side] for row in rows] for side in range(2))
    n = len(rows)

    def product(i, j):  # of English sentence i and foreign sentence j
        return Fraction(sum(a * b for a, b in zip(english[i], foreign[j], strict=True)))

    near_english = [sum(product(i, j) for j in range(n)) / n for i in range(n)]
    near_foreign = [sum(product(i, j) for i in range(n)) / n for j in range(n)]

    def score(i, j):
        near = near_english[i] + near_foreign[j] if csls else 0
        return 2 * product(i, j) - near

    ranks = [
        [1 + sorted(range(n), key=lambda j: (-score(i, j), j)).index(i) for i in range(n)],
        [1 + sorted(range(n), key=lambda i: (-score(i, j), i)).index(j) for j in range(n)],
    ]
    scores = tatoeba_scores(np.array(foreign, np.float32), np.array(english, np.float32), csls=csls)
    for suffix, found in zip(("", "_xx_en"), ranks, strict=True):
        assert scores[f"accuracy{suffix}"] == pytest.approx(100 * sum(r == 1 for r in found) / n)
        assert scores[f"p_at_5{suffix}"] == pytest.approx(100 * sum(r <= 5 for r in found) / n)
        assert scores[f"mrr{suffix}"] == pytest.approx(100 * sum(1 / r for r in found) / n)
