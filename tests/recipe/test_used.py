"""What lineages say of their data: others wrote some of them, and may have left anything out."""

import pytest

from adapterxlt.recipe.used import caps_of, data_parts, languages_of

KINDS = {"xnli": "pair_classification", "text": "mlm"}


def test_languages_are_those_of_labelled_data():
    steps = [
        {"params": {"task": "text", "language": "sw"}},
        {
            "params": {
                "tasks": [{"task": "xnli", "language": "en"}, {"task": "x", "language": "de"}]
            }
        },
        {"params": {"weights": [1.0]}},
    ]
    assert languages_of(steps, KINDS) == {"en", "de"}


@pytest.mark.parametrize(
    "params", [{}, {"task": "xnli"}, {"tasks": 5}, {"tasks": [7]}, {"task": 1, "language": 2}]
)
def test_what_is_not_said_is_left_out(params):
    assert languages_of([{"params": params}], KINDS) == set()


def test_caps_are_whole_numbers_or_none():
    parts = data_parts(
        {"tasks": [{"task": "a", "cap": 5}, {"task": "b"}, {"task": "c", "cap": "x"}]}
    )
    assert caps_of(parts) == [("a", 5), ("b", None), ("c", None)]
