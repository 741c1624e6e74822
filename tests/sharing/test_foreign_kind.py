from __future__ import annotations

import pytest

from adapterxlt.errors import UsageError
from adapterxlt.sharing.foreign_head import ForeignHead, order_for
from adapterxlt.sharing.foreign_kind import kind_of_problem, kind_of_type
from adapterxlt.tasks.catalogue import get_task


@pytest.mark.parametrize(
    ("said", "outputs", "expected"),
    [
        ("classification", 3, ("pair_classification", False)),
        ("classification", 1, ("regression", False)),
        ("multilabel_classification", 1, ("text_classification", True)),
        ("multiple_choice", 1, ("multiple_choice", False)),
        ("multilabel_tagging", 3, ("", True)),
        ("causal_lm", None, ("", False)),
    ],
)
def test_types_of_adapters(said: str, outputs: object, expected: tuple[str, bool]) -> None:
    assert kind_of_type(said, outputs) == expected


@pytest.mark.parametrize(
    ("kind", "problem", "outputs", "expected"),
    [
        ("pair_classification", None, 2, ("pair_classification", False)),
        ("pair_classification", None, 1, ("regression", False)),
        ("pair_classification", "single_label_classification", 1, ("pair_classification", False)),
        ("pair_classification", "regression", 1, ("regression", False)),
        ("pair_classification", "regression", 2, ("", False)),
        ("pair_classification", "multi_label_classification", 3, ("text_classification", True)),
        ("pair_classification", ["regression"], 1, ("", False)),
        ("tagging", None, 1, ("tagging", False)),
        ("multiple_choice", None, 1, ("multiple_choice", False)),
    ],
)
def test_problems_of_transformers(
    kind: str, problem: object, outputs: int, expected: tuple[str, bool]
) -> None:
    assert kind_of_problem(kind, problem, outputs) == expected


def test_a_task_of_one_label_is_not_what_a_head_of_several_predicts() -> None:
    labels = ("contradiction", "entailment", "neutral")
    one = ForeignHead("", "pair_classification", labels)
    mnli = get_task("mnli")
    assert sorted(order_for(one, mnli, ())[0]) == list(labels)
    several = ForeignHead("", "text_classification", labels, multi_label=True)
    with pytest.raises(UsageError, match="--task mnli: is pair classification"):
        order_for(several, mnli, ())
