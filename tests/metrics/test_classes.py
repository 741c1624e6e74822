from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from adapterxlt.metrics.classes import macro_f1, micro_f1
from adapterxlt.metrics.counts import accuracy

SINGLE = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1)
LABELS = st.frozensets(st.sampled_from("abc"))
SEVERAL = st.lists(st.tuples(LABELS, LABELS), min_size=1)


@given(SINGLE)
def test_of_one_label_each(pairs: list[tuple[str, str]]) -> None:
    gold, predicted = (list(side) for side in zip(*pairs, strict=True))
    assert micro_f1(gold, predicted) == pytest.approx(accuracy(gold, predicted))
    expected = 100 * f1_score(gold, predicted, average="macro")
    assert macro_f1(gold, predicted) == pytest.approx(expected)


@given(SEVERAL)
def test_of_several(pairs: list[tuple[frozenset[str], frozenset[str]]]) -> None:
    gold, predicted = (list(side) for side in zip(*pairs, strict=True))
    there = sorted({label for side in (*gold, *predicted) for label in side})
    if not there:
        assert micro_f1(gold, predicted) == macro_f1(gold, predicted) == 0.0
        return
    columns = [
        tuple([label in side for side in each] for each in (gold, predicted)) for label in there
    ]
    each = [f1_score(*column, zero_division=0.0) for column in columns]
    assert macro_f1(gold, predicted) == pytest.approx(100 * sum(each) / len(each))
    together = [[value for side in sides for value in side] for sides in zip(*columns, strict=True)]
    assert micro_f1(gold, predicted) == pytest.approx(100 * f1_score(*together, zero_division=0.0))


def test_as_many_predictions_as_examples() -> None:
    for metric in (micro_f1, macro_f1):
        with pytest.raises(ValueError, match="2 gold examples, but 1 predictions"):
            metric(["a", "b"], ["a"])
