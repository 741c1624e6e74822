"""A score depends on its two vectors alone: not on threads, blocks, places or scale."""

from __future__ import annotations

from contextlib import contextmanager

import faiss
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adapterxlt.retrieval.bucc import match
from adapterxlt.retrieval.tatoeba import tatoeba_predictions, tatoeba_scores
from adapterxlt.search import exact
from adapterxlt.search.arrays import normalise
from adapterxlt.search.exact import exact_neighbours, one_way
from adapterxlt.search.neighbours import find_neighbours
from adapterxlt.search.rows import ArrayRows
from adapterxlt.search.steady import pair_products, steady_products
from adapterxlt.vectors.transforms import ReadyRows, ready


@contextmanager
def threads(count):
    before = torch.get_num_threads(), faiss.omp_get_max_threads()
    torch.set_num_threads(count)
    faiss.omp_set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        faiss.omp_set_num_threads(before[1])


def repeated(n, dim, distinct, seed):
    """Vectors of length 1, most of which occur several times."""
    rng = np.random.default_rng(seed)
    vectors = normalise(rng.normal(size=(distinct, dim)))
    return vectors[rng.integers(distinct, size=n)]


def by_rule(queries, base, k):
    """Ids by (higher score, lower row), of scores that are computed pair by pair."""
    scores = np.stack([pair_products(np.broadcast_to(q, base.shape), base) for q in queries])
    everyone = np.broadcast_to(np.arange(len(base)), scores.shape)
    ids = np.lexsort((everyone, -scores), axis=1)[:, :k]
    return np.take_along_axis(scores, ids, axis=1), ids


@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 90), st.integers(0, 99))
def test_a_product_is_the_same_wherever_it_stands(n, m, dim, seed):
    left, right = (repeated(size, dim, 9, seed) for size in (n, m))
    products = steady_products(left, right)
    rows, columns = np.divmod(np.arange(n * m), m)
    assert np.array_equal(products.ravel(), pair_products(left[rows], right[columns]))
    assert np.array_equal(products, steady_products(right, left).T)
    np.testing.assert_allclose(products, left.astype(float) @ right.astype(float).T, atol=1e-7)


@settings(deadline=None)
@given(
    st.integers(1, 60), st.integers(1, 60), st.integers(1, 12), st.integers(1, 40),
    st.sampled_from([8, 24, 1024]), st.integers(1, 3), st.integers(0, 99),
)  # fmt: skip
def test_the_rule_holds_whatever_the_blocks_and_threads(n, m, k, distinct, side, count, seed):
    left, right = repeated(n, 48, distinct, seed), repeated(m, 48, distinct, seed + 1)
    with pytest.MonkeyPatch.context() as patch, threads(count):
        patch.setattr(exact, "ROWS", side)
        patch.setattr(exact, "SUPER", 2 * side)
        found = exact_neighbours(ArrayRows(left), ArrayRows(right), k)
        ahead = one_way(ArrayRows(left), ArrayRows(right), k)
    for ours, sides in (*zip(found, ((left, right), (right, left)), strict=True),
                        (ahead, (left, right))):  # fmt: skip
        scores, ids = by_rule(*sides, k)
        assert np.array_equal(ours[1], ids)
        assert np.array_equal(ours[0], scores)


def test_many_that_are_closer_than_rounding_are_all_compared():
    rng = np.random.default_rng(0)
    query, noise = rng.normal(size=(3, 64)), 1e-7 * rng.normal(size=(1500, 64))
    base = normalise(query[0] + noise)
    found = one_way(ArrayRows(normalise(query)), ArrayRows(base), 4)
    assert np.array_equal(found[1], by_rule(normalise(query), base, 4)[1])


@pytest.mark.parametrize("index", ["flat", "auto", "ivf-flat", "ivf-sq8", "ivf-pq", "hnsw"])
def test_equal_vectors_come_by_row_in_every_index(index):
    left, right = repeated(900, 16, 300, 1), repeated(1000, 16, 300, 1)
    seen = []
    for count in (1, 2, 3):
        with threads(count):
            found = find_neighbours(ArrayRows(left), ArrayRows(right), 5, index=index)
        seen.append([array.tobytes() for side in (found.forward, found.backward) for array in side])
        for (scores, ids), base in ((found.forward, right), (found.backward, left)):
            for row_scores, row in zip(scores, ids, strict=True):
                first = row[0]
                equal = np.flatnonzero((base == base[first]).all(axis=1))[:5]
                assert row[: len(equal)].tolist() == equal.tolist()
                assert len(set(row_scores[: len(equal)].tolist())) == 1
    assert seen[0] == seen[1] == seen[2]


@given(st.integers(0, 999), st.sampled_from(["ratio", "distance", "absolute"]))
def test_permuted_rows_give_the_same_pairs(seed, margin):
    rng = np.random.default_rng(seed)
    left, right = (normalise(rng.normal(size=(30, 12))) for _ in range(2))
    order = rng.permutation(30), rng.permutation(30)
    plain = match(*exact_neighbours(ArrayRows(left), ArrayRows(right), 4), margin)
    moved = match(
        *exact_neighbours(ArrayRows(left[order[0]]), ArrayRows(right[order[1]]), 4), margin
    )
    pairs = set(
        zip(order[0][moved.source_idx].tolist(), order[1][moved.target_idx].tolist(), strict=True)
    )
    assert pairs == set(zip(plain.source_idx.tolist(), plain.target_idx.tolist(), strict=True))
    assert np.array_equal(np.sort(plain.scores), np.sort(moved.scores))


@pytest.mark.parametrize("csls", [False, True])
def test_tatoeba_of_pairs_written_twice(csls):
    rng = np.random.default_rng(4)
    english = normalise(rng.normal(size=(150, 96)))
    foreign = normalise(english + 1.2 * normalise(rng.normal(size=(150, 96))))
    both = [np.concatenate([side, side]) for side in (foreign, english)]
    # The second copy of a pair finds the first one, which is another row.
    once = tatoeba_scores(foreign, english)
    twice = []
    for count in (1, 2, 3):
        with threads(count):
            twice.append(tatoeba_scores(*both, csls=csls))
    assert twice[0] == twice[1] == twice[2]
    if not csls:
        assert twice[0]["accuracy"] == pytest.approx(once["accuracy"] / 2)
        assert twice[0]["accuracy_xx_en"] == pytest.approx(once["accuracy_xx_en"] / 2)
    assert (tatoeba_predictions(*both, csls=csls) < 150).all()


SCALES = st.sampled_from([1e30, 1e-30, 1e10, 1e-10, 3.0, 1e-41])


@given(st.integers(0, 99), SCALES, SCALES, st.booleans())
def test_cosines_know_no_scale(seed, one, other, csls):
    rng = np.random.default_rng(seed)
    english = rng.normal(size=(40, 24)).astype(np.float32)
    foreign = (english + rng.normal(size=(40, 24))).astype(np.float32)
    expected = tatoeba_scores(ready(foreign, "none", True), ready(english, "none", True), csls=csls)
    rows = np.where(rng.random((40, 1)) < 0.5, one, 1.0).astype(np.float32)
    for left, right in (
        (foreign * np.float32(2.0**90), english * np.float32(2.0**-90)),
        (foreign * rows, english * np.float32(other)),
    ):
        found = tatoeba_scores(ready(left, "none", True), ready(right, "none", True), csls=csls)
        if 1e-41 not in (one, other):  # so small that digits are lost
            assert found == expected
        assert np.isfinite(list(found.values())).all()


@pytest.mark.parametrize("transform", ["centre", "whiten"])
def test_transformed_sides_know_no_scale_either(transform):
    rng = np.random.default_rng(1)
    side = (rng.normal(size=(60, 8)) + 1).astype(np.float32)
    expected = ready(side, transform, True)
    for scale in (1e30, 1e-30):
        found = ready(side * np.float32(scale), transform, True)
        np.testing.assert_allclose(found, expected, atol=1e-5)


@given(st.integers(2, 60), st.integers(0, 99))
def test_whitened_rows_are_the_same_in_every_block(n, seed):
    rows = ReadyRows(ArrayRows(repeated(n, 24, 12, seed)), "whiten", True)
    whole = rows.block(0, n)
    picked = np.random.default_rng(seed).integers(n, size=17)
    assert np.array_equal(rows.rows(picked), whole[picked])
    assert np.array_equal(np.concatenate([rows.block(i, i + 1) for i in range(n)]), whole)
