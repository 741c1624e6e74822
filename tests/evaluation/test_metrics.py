from __future__ import annotations

import pytest

from adapterxlt.evaluation.metrics import METRICS


@pytest.mark.parametrize(
    ("kind", "gold", "predicted", "scores"),
    [
        (
            "pair_classification",
            [1, 0, 1, 2],
            [1, 1, 0, 2],
            {"accuracy": 50.0, "f1": 50.0, "accuracy_and_f1": 50.0},
        ),
        (
            "pair_classification",
            [1, 0, 0, 0],
            [1, 1, 0, 0],
            {"accuracy": 75.0, "f1": 200 / 3, "accuracy_and_f1": (75 + 200 / 3) / 2},
        ),
        ("multiple_choice", [1, 0], [0, 0], {"accuracy": 50.0}),
        (
            "tagging",
            [["B-X", "O"]],
            [["B-X", "B-Y"]],
            {"precision": 50.0, "recall": 100.0, "f1": 200 / 3, "token_accuracy": 50.0},
        ),
        ("span_qa", [["a b"], ["c d"]], ["b", "d"], {"exact_match": 50.0, "f1": 500 / 6}),
    ],
)
def test_every_kind_has_its_metrics(kind, gold, predicted, scores):
    assert METRICS[kind](gold, predicted) == pytest.approx(scores)


@pytest.mark.parametrize("kind", METRICS)
def test_lengths_must_agree(kind):
    with pytest.raises(ValueError, match=r"2 gold .* 1 predictions"):
        METRICS[kind]([["O"], ["O"]], [["O"]])


def test_a_sentence_with_too_few_tags_is_refused():
    with pytest.raises(ValueError, match="sentence 1: 2 words, 1 predicted"):
        METRICS["tagging"]([["O"], ["O", "O"]], [["O"], ["O"]])
