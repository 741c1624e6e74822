from __future__ import annotations

from typing import Any

import pytest

from adapterxlt.kinds.multiple_choice import ChoiceExample
from adapterxlt.kinds.pair_classification import PairExample
from adapterxlt.kinds.registry import get_kind
from adapterxlt.kinds.span_qa import QAExample
from adapterxlt.kinds.tagging import TaggingExample
from tests.facts import Facts

TAGS = ("O", "B-X", "B-Y")
MAKE = {
    "pair_classification": lambda gold: PairExample("1", "a", "b", gold),
    "multiple_choice": lambda gold: ChoiceExample("1", "c", ("x", "y"), gold),
    "tagging": lambda gold: TaggingExample("1", tuple("w" * len(gold)), tuple(gold)),
    "span_qa": lambda gold: QAExample("1", "q", "c", tuple((0, text) for text in gold)),
}


def score(kind: str, gold: list[Any], predicted: list[Any]) -> dict[str, float]:
    examples = [MAKE[kind](each) for each in gold]
    return get_kind(kind).workings.score(examples, predicted, Facts(kind, labels=TAGS), "en")


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
            [[1, 0]],
            [[1, 2]],
            {"precision": 50.0, "recall": 100.0, "f1": 200 / 3, "token_accuracy": 50.0},
        ),
        ("span_qa", [["a b"], ["c d"]], ["b", "d"], {"exact_match": 50.0, "f1": 500 / 6}),
    ],
)
def test_every_kind_has_its_metrics(
    kind: str, gold: list[Any], predicted: list[Any], scores: dict[str, float]
) -> None:
    assert score(kind, gold, predicted) == pytest.approx(scores)


@pytest.mark.parametrize("kind", MAKE)
def test_lengths_must_agree(kind: str) -> None:
    gold: list[Any] = [["O"], ["O"]] if kind == "span_qa" else [[0], [0]]
    with pytest.raises(ValueError, match=r"2 gold .* 1 predictions"):
        score(kind, gold, [[0]] if kind == "tagging" else ["O"])


def test_a_sentence_with_too_few_tags_is_refused() -> None:
    with pytest.raises(ValueError, match="sentence 1: 2 words, 1 predicted"):
        score("tagging", [[0], [0, 0]], [[0], [0]])
