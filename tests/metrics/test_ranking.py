from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import ndcg_score

from adapterxlt.metrics.ranking import mean_ndcg, ndcg, query_runs

DOCUMENTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=6)


def test_gain_is_linear_and_ties_share_it():
    assert ndcg([4, 0], [1, 0]) == 1.0
    assert ndcg([4, 0], [0, 1]) == pytest.approx(1 / math.log2(3))
    assert ndcg([4, 0], [1, 1]) == pytest.approx((1 + 1 / math.log2(3)) / 2)
    assert ndcg([0, 0], [1, 0]) == 0.0


@given(DOCUMENTS)
def test_equals_scikit_learn(documents):
    relevance, scores = zip(*documents, strict=True)
    assert ndcg(relevance, scores) == pytest.approx(ndcg_score([relevance], [scores]))


@given(DOCUMENTS)
def test_is_the_mean_over_all_orders_that_the_scores_allow(documents):
    def gain(ranking):
        return sum(rating / math.log2(rank) for rank, rating in enumerate(ranking, start=2))

    orders = [
        [rating for rating, _ in order]
        for order in itertools.permutations(documents)
        if all(a[1] >= b[1] for a, b in itertools.pairwise(order))
    ]
    best = gain(sorted((rating for rating, _ in documents), reverse=True))
    mean = sum(map(gain, orders)) / len(orders)
    relevance, scores = zip(*documents, strict=True)
    assert ndcg(relevance, scores) == pytest.approx(mean / best if best else 0)


def test_a_query_is_a_run_of_equal_texts():
    assert query_runs(["a", "a", "b", "a"]) == [0, 0, 1, 2]
    # After an empty query the script does not count on.
    assert query_runs(["a", "", "b", "b"]) == [0, 1, 1, 1]
    assert query_runs(["", "", "a"]) == [0, 0, 0]
    assert query_runs([]) == []


def test_queries_of_one_document_do_not_count():
    queries = ["one", "two", "two", "three"]
    value, counted = mean_ndcg(queries, [4, 0, 2, 1], [0, 1, 0, 0])
    assert (value, counted) == (pytest.approx(1 / math.log2(3)), 1)
    assert mean_ndcg(["a", "b"], [1, 1], [1, 1]) == (0.0, 0)


def test_a_query_without_a_relevant_document_counts_as_zero():
    assert mean_ndcg(["a", "a", "b", "b"], [0, 0, 1, 0], [1, 0, 1, 0]) == (0.5, 2)
