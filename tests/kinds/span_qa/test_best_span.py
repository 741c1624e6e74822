from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.kinds.features import Feature
from adapterxlt.kinds.span_qa.best_span import (
    MAX_ANSWER_TOKENS,
    N_BEST,
    Span,
    best_span,
    null_score,
)


def window(context: int, question: int = 3) -> Feature:
    """`<s> question </s></s> context </s>`; context token i covers the characters 2i, 2i+1."""
    spans = [(2 * i, 2 * i + 2) for i in range(context)]
    offsets = [*[None] * (question + 3), *spans, None]
    return Feature(0, [list(range(len(offsets)))], offsets=offsets)


def logits(feature: Feature, padding: int = 2, **peaks: float) -> np.ndarray:
    values = np.zeros(len(feature.offsets) + padding, dtype=np.float32)
    for place, value in peaks.items():
        values[int(place.removeprefix("at"))] = value
    return values


def test_the_highest_pair_of_context_tokens_wins():
    feature = window(10)
    # The question (1) and the padding (17, 18) score higher, but are no answer.
    start = logits(feature, at1=99, at8=5, at17=99)
    end = logits(feature, at2=99, at10=4, at18=99)
    assert best_span(feature, start, end) == Span(9.0, 4, 10)


def test_an_end_before_its_start_is_no_answer():
    feature = window(10)
    start, end = logits(feature, at12=5, at7=3), logits(feature, at9=5)
    assert best_span(feature, start, end) == Span(8.0, 2, 8)


def test_answers_are_at_most_30_tokens():
    feature = window(80)
    start = logits(feature, at6=5)
    assert best_span(feature, start, logits(feature, at35=5)) == Span(10.0, 0, 60)
    longer = best_span(feature, start, logits(feature, at36=5))
    assert longer is not None
    assert longer.score == 5.0


def test_white_space_alone_is_no_answer():
    # Of the three tokens of the context the second is a blank, from the next to the one before.
    feature = Feature(0, [list(range(5))], offsets=[None, (0, 3), (4, 3), (4, 7), None])
    start, end = logits(feature, at2=5, at1=1), logits(feature, at2=5)
    assert best_span(feature, start, end) == Span(6.0, 0, 3)


def test_equal_spans_go_to_the_earliest():
    feature = window(3)
    assert best_span(feature, logits(feature), logits(feature)) == Span(0.0, 0, 2)


def test_a_window_without_context_has_no_answer():
    feature = window(0)
    assert best_span(feature, logits(feature), logits(feature)) is None


def test_no_answer_where_all_good_ends_lie_before_all_good_starts():
    feature = window(60)
    start, end = logits(feature), logits(feature)
    end[6 : 6 + N_BEST] = 1
    start[6 + N_BEST : 6 + 2 * N_BEST] = 1
    assert best_span(feature, start, end) is None


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=1, max_size=60))
def test_equals_a_slow_search(scores):
    feature = window(len(scores), question=1)
    head = 4
    start, end = logits(feature), logits(feature)
    start[head : head + len(scores)] = [s for s, _ in scores]
    end[head : head + len(scores)] = [e for _, e in scores]
    places = range(len(scores))
    starts = sorted(places, key=lambda i: (-scores[i][0], i))[:N_BEST]
    ends = sorted(places, key=lambda i: (-scores[i][1], i))[:N_BEST]
    pairs = [
        (-(scores[i][0] + scores[j][1]), i, j)
        for i in starts
        for j in ends
        if i <= j < i + MAX_ANSWER_TOKENS
    ]
    found = best_span(feature, start, end)
    if not pairs:
        assert found is None
    else:
        negative, i, j = min(pairs)
        assert found == Span(pytest.approx(-negative), 2 * i, 2 * j + 2)


def test_the_null_score_is_that_of_the_first_token():
    feature = window(3)
    assert null_score(logits(feature, at0=2, at6=9), logits(feature, at0=-0.5)) == 1.5
