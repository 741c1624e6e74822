"""Mining and thresholds against independent double loops, ties and duplicates included.

Vectors are small integers: their inner products are exact, so ties are ties on any machine.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.errors import AdapterXLTError, UsageError
from adapterxlt.retrieval import bucc
from adapterxlt.retrieval.bucc import (
    Candidates,
    apply_threshold,
    to_sentences,
    tune_threshold,
)
from adapterxlt.retrieval.protocols import PROTOCOLS
from adapterxlt.search.rows import ArrayRows
from adapterxlt.vectors.transforms import ready

PROTOCOL = PROTOCOLS["xtreme-2020"]


def mine(source, target, protocol):
    return bucc.mine(ArrayRows(source), ArrayRows(target), protocol)


def candidates(*triples: tuple[float, int, int]) -> Candidates:
    return Candidates(
        np.array([t[0] for t in triples], dtype=np.float64),
        np.array([t[1] for t in triples], dtype=np.int64),
        np.array([t[2] for t in triples], dtype=np.int64),
    )


def triples(found: Candidates) -> list[tuple[float, int, int]]:
    return list(
        zip(
            found.scores.tolist(),
            found.source_idx.tolist(),
            found.target_idx.tolist(),
            strict=True,
        )
    )


def slow_mine(source, target, k, margin):
    def dot(a, b):
        return sum(float(x) * float(y) for x, y in zip(a, b, strict=True))

    def neighbours(queries, base):
        found = []
        for query in queries:
            scored = sorted((-dot(query, vector), i) for i, vector in enumerate(base))[:k]
            found.append([(-negative, i) for negative, i in scored])
        return found

    def score(cosine, left, right):
        around = (left + right) / 2
        if margin == "absolute":
            return cosine
        if margin == "distance":
            return cosine - around
        return cosine / around if around > 1e-6 else 0.0

    forward, backward = neighbours(source, target), neighbours(target, source)
    left_mean = [sum(c for c, _ in row) / len(row) for row in forward]
    right_mean = [sum(c for c, _ in row) / len(row) for row in backward]
    proposals = []
    for i, row in enumerate(forward):
        best = max(score(c, left_mean[i], right_mean[j]) for c, j in row)
        j = next(j for c, j in row if score(c, left_mean[i], right_mean[j]) == best)
        proposals.append((-best, i, j))
    for j, row in enumerate(backward):
        best = max(score(c, right_mean[j], left_mean[i]) for c, i in row)
        i = next(i for c, i in row if score(c, right_mean[j], left_mean[i]) == best)
        proposals.append((-best, i, j))
    pairs, sources, targets = [], set(), set()
    for negative, i, j in sorted(proposals):
        if -negative > 0 and i not in sources and j not in targets:
            sources.add(i)
            targets.add(j)
            pairs.append((-negative, i, j))
    return pairs


VECTORS = st.lists(
    st.lists(st.integers(-2, 3), min_size=3, max_size=3), min_size=1, max_size=9
).map(lambda rows: np.array(rows, dtype=np.float32))


@given(VECTORS, VECTORS, st.integers(1, 6), st.sampled_from(["ratio", "distance", "absolute"]))
def test_mining_equals_a_slow_double_loop(source, target, k, margin):
    found = mine(source, target, replace(PROTOCOL, k=k, margin=margin))
    slow = slow_mine(source, target, k, margin)
    assert [t[1:] for t in triples(found)] == [t[1:] for t in slow]
    assert [t[0] for t in triples(found)] == pytest.approx([t[0] for t in slow])


def test_all_equal_vectors_pair_the_first_rows():
    source, target = np.ones((6, 4), np.float32), np.ones((5, 4), np.float32)
    assert triples(mine(source, target, PROTOCOL)) == [(1.0, 0, 0)]


def test_one_sentence_a_side():
    one = np.array([[0.6, 0.8]], dtype=np.float32)
    assert [t[1:] for t in triples(mine(one, one, PROTOCOL))] == [(0, 0)]


def test_nan_is_refused():
    bad = np.array([[1.0, np.nan]], dtype=np.float32)
    with pytest.raises(AdapterXLTError, match="NaN or infinity"):
        mine(bad, np.ones((1, 2), np.float32), PROTOCOL)


def test_planted_pairs_are_found_among_distractors():
    rng = np.random.default_rng(3)
    source = rng.normal(size=(300, 32))
    target = rng.normal(size=(400, 32))
    gold = {(i, 399 - i) for i in range(50)}
    for left, right in gold:
        target[right] = source[left] + 0.1 * rng.normal(size=32)
    source, target = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (source, target))
    found = mine(source.astype(np.float32), target.astype(np.float32), PROTOCOL)
    tuned = tune_threshold(found, gold)
    assert (tuned.precision, tuned.recall, tuned.f1) == (100.0, 100.0, 100.0)
    assert apply_threshold(found, gold, tuned.threshold) == tuned
    # A gold pair that cannot be found costs recall only.
    wider = tune_threshold(found, gold | {(299, 0)})
    assert wider.precision == 100.0
    assert wider.recall == pytest.approx(100 * 50 / 51)
    assert wider.f1 == pytest.approx(200 * 50 / 101)


def slow_tune(found, gold):
    """Every cut between distinct scores, from the top; the first best one."""
    best = (0.0, None)
    for score, _, _ in found:
        taken = [(i, j) for s, i, j in found if s >= score]
        right = sum(pair in gold for pair in taken)
        f1 = 200 * right / (len(taken) + len(gold))
        if f1 > best[0] + 1e-9:
            best = (f1, taken)
    return best


SCORED = st.lists(st.sampled_from([0.5, 0.75, 1.0, 1.25]), max_size=8)
GOLD = st.sets(st.tuples(st.integers(0, 7), st.integers(0, 1)), min_size=1)


@given(SCORED, GOLD)
def test_tuning_equals_trying_every_cut(scores, gold):
    found = candidates(*[(s, i, 0) for i, s in enumerate(sorted(scores, reverse=True))])
    f1, taken = slow_tune(triples(found), gold)
    tuned = tune_threshold(found, gold)
    assert tuned.f1 == pytest.approx(f1)
    assert apply_threshold(found, gold, tuned.threshold) == tuned
    above = [t[1:] for t in triples(found) if t[0] >= tuned.threshold]
    assert above == (taken or [])


def test_the_threshold_lies_midway_to_the_next_score():
    found = candidates((1.5, 0, 0), (1.0, 1, 1), (0.5, 2, 2))
    assert tune_threshold(found, {(0, 0)}).threshold == 1.25


def test_the_best_cut_may_be_the_last_candidate():
    found = candidates((1.5, 0, 0), (1.0, 1, 1))
    tuned = tune_threshold(found, {(0, 0), (1, 1)})
    assert (tuned.threshold, tuned.f1) == (1.0, 100.0)


def test_neighbouring_floats_are_kept_apart():
    upper = np.nextafter(1.0, 2.0)
    tuned = tune_threshold(candidates((upper, 0, 0), (1.0, 1, 1)), {(0, 0)})
    assert (tuned.threshold, tuned.f1) == (upper, 100.0)


def test_no_candidate_and_no_hit_score_zero():
    none = tune_threshold(candidates(), {(0, 0)})
    assert (none.precision, none.recall, none.f1) == (0.0, 0.0, 0.0)
    found = candidates((1.0, 0, 1))
    miss = tune_threshold(found, {(0, 0)})
    assert miss.f1 == 0.0
    assert miss.threshold > 1.0
    assert apply_threshold(found, {(0, 0)}, miss.threshold) == miss


def test_xtreme_mock_pairs_score_as_its_own_test_says(real_data):
    mock = real_data / "xtreme_mock"
    values = []
    for label in sorted((mock / "labels" / "bucc2018").iterdir()):
        predicted = mock / "predictions" / "bucc2018" / label.name
        gold, found = (
            [tuple(line.split("\t")) for line in path.read_text(encoding="utf-8").splitlines()]
            for path in (label, predicted)
        )
        rows: dict[str, int] = {}
        gold_rows = {tuple(rows.setdefault(name, len(rows)) for name in pair) for pair in gold}
        pairs = [tuple(rows.setdefault(name, len(rows)) for name in pair) for pair in found]
        values.append(apply_threshold(candidates(*[(1.0, *p) for p in pairs]), gold_rows, 1.0).f1)
    assert len(values) == 4
    assert sum(values) / 4 == pytest.approx(55.0)


def test_no_gold_is_refused():
    with pytest.raises(AdapterXLTError, match="no gold pairs"):
        tune_threshold(candidates((1.0, 0, 0)), set())


def test_repeated_sentences_are_dropped_or_expanded():
    found = candidates((1.5, 0, 1), (1.0, 1, 0))
    source, target = [0, 1, 1], [0, 1]  # the second text stands in rows 1 and 2
    assert triples(to_sentences(found, source, target, "drop")) == [(1.5, 0, 1)]
    assert triples(to_sentences(found, source, target, "expand")) == [
        (1.5, 0, 1),
        (1.0, 1, 0),
        (1.0, 2, 0),
    ]


@given(
    st.lists(st.lists(st.integers(-2, 2), min_size=2, max_size=2), min_size=1, max_size=12),
    st.lists(st.lists(st.integers(-2, 2), min_size=2, max_size=2), min_size=1, max_size=12),
    st.sampled_from(["ratio", "distance", "absolute"]),
)
def test_the_ways_of_retrieval_are_those_of_laser(source, target, margin):
    left, right = np.array(source, np.float32), np.array(target, np.float32)

    def pairs(retrieval):
        return triples(mine(left, right, replace(PROTOCOL, margin=margin, retrieval=retrieval)))

    forward, backward = pairs("forward"), pairs("backward")
    assert len({i for _, i, _ in forward}) == len(forward)
    assert len({j for _, _, j in backward}) == len(backward)
    both = {(i, j) for _, i, j in forward} & {(i, j) for _, i, j in backward}
    assert {(i, j) for _, i, j in pairs("intersection")} == both
    # Greedy: independent of the order in which equal proposals were made.
    used_left, used_right, greedy = set(), set(), []
    for score, i, j in sorted({*forward, *backward}, key=lambda t: (-t[0], t[1], t[2])):
        if i not in used_left and j not in used_right:
            greedy.append((score, i, j))
            used_left.add(i)
            used_right.add(j)
    assert [(i, j) for _, i, j in pairs("max")] == [(i, j) for _, i, j in greedy]


@given(
    st.integers(1, 6), st.integers(1, 6), st.integers(1, 9), st.integers(0, 999),
    st.sampled_from(["none", "centre", "whiten"]),
    st.sampled_from(["max", "forward", "backward", "intersection"]),
)  # fmt: skip
def test_opposites_never_have_a_ratio_above_zero(n, m, k, seed, transform, retrieval):
    rng = np.random.default_rng(seed)
    sides = [
        ready(rng.normal(size=(size, 3)).astype(np.float32), transform, True) for size in (n, m)
    ]
    rows = [ArrayRows(side) for side in sides]
    found = bucc.mine(*rows, replace(PROTOCOL, k=k, retrieval=retrieval))
    cosines = sides[0] @ sides[1].T
    assert (cosines[found.source_idx, found.target_idx] > 0).all()
    assert np.isfinite(found.scores).all()


def test_sentences_without_a_ratio_are_told():
    one = np.array([[1, 0]], np.float32)
    found = mine(one, -one, PROTOCOL)
    assert (len(found), found.unscored) == (0, 2)
    assert "2 sentences have no ratio margin" in (bucc.unscored_note(found) or "")
    assert bucc.unscored_note(mine(one, one, PROTOCOL)) is None
    # Whatever the threshold.
    assert not len(bucc.mine(ArrayRows(one), ArrayRows(-one), PROTOCOL, least=-99.0))


def test_a_distance_may_be_below_zero():
    rng = np.random.default_rng(0)
    left, right = (ArrayRows(rng.normal(size=(40, 3)).astype(np.float32)) for _ in range(2))
    distance = replace(PROTOCOL, margin="distance")
    above, all_ = (bucc.mine(left, right, distance, least) for least in (None, -np.inf))
    assert len(all_) > len(above) > 0
    assert all_.scores.min() < 0
    assert triples(all_)[: len(above)] == triples(above)
    cut = float(all_.scores[-2])
    assert len(bucc.mine(left, right, distance, cut)) == len(all_) - 1


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_thresholds_that_nothing_compares_with_are_refused(number):
    with pytest.raises(UsageError, match="the threshold must be a finite number"):
        bucc.check_finite(number, "the threshold")


def test_the_device_of_the_search_changes_nothing():
    rng = np.random.default_rng(3)
    left, right = (
        ArrayRows(ready(rng.normal(size=(size, 8)).astype(np.float32), "none", True))
        for size in (300, 200)
    )
    on_cpu = bucc.mine(left, right, PROTOCOL)
    elsewhere = bucc.mine(left, right, PROTOCOL, device="cpu")  # blocks of torch, as on a GPU
    assert triples(on_cpu) == triples(elsewhere)
    assert len(on_cpu)
