from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.metrics.counts import accuracy, set_scores, token_accuracy


def test_accuracy_counts_equal_predictions():
    assert accuracy([0, 1, 2, 0], [0, 1, 1, 0]) == 75.0
    assert accuracy(["a"], ["b"]) == 0.0


def test_token_accuracy_weighs_words_not_sentences():
    assert token_accuracy([["A"], ["A", "B", "B"]], [["B"], ["A", "B", "B"]]) == 75.0


@pytest.mark.parametrize("metric", [accuracy, token_accuracy])
def test_lengths_must_agree(metric):
    with pytest.raises(ValueError, match=r"2 gold .* 1 predictions"):
        metric([["O"], ["O"]], [["O"]])
    with pytest.raises(ValueError, match="to score"):
        metric([], [])


def test_a_sentence_with_too_few_tags_is_refused():
    with pytest.raises(ValueError, match="sentence 1: 2 words, 1 predicted"):
        token_accuracy([["O"], ["O", "O"]], [["O"], ["O"]])


def test_pairs_count_once_however_often_they_are_given():
    scores = set_scores([("a", "x"), ("b", "y")], [("a", "x"), ("a", "x"), ("c", "z")])
    assert scores == {"precision": 50.0, "recall": 50.0, "f1": 50.0}
    assert set_scores([("a", "x")], []) == {"precision": 0.0, "recall": 0.0, "f1": 0.0}


@given(st.lists(st.integers(0, 5), min_size=1), st.lists(st.integers(0, 5), min_size=1))
def test_set_f1_is_the_dice_coefficient(gold, predicted):
    right, found = set(gold), set(predicted)
    dice = 200 * len(right & found) / (len(right) + len(found))
    assert set_scores(gold, predicted)["f1"] == pytest.approx(dice)
