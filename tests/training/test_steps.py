from __future__ import annotations

import random

import pytest
import torch

from adapterxlt.kinds.features import Feature
from adapterxlt.recipe.schema import Training
from adapterxlt.training.steps import Steps


def make_features(count: int, seed: int = 0) -> list[Feature]:
    rng = random.Random(seed)
    return [Feature(i, [[5] * rng.randint(3, 40)], i % 3) for i in range(count)]


def make_steps(count: int, **settings: object) -> Steps:
    training = Training.model_validate({"batch_size": 8, "seed": 1, "epochs": 2, **settings})
    return Steps(make_features(count), "pair_classification", training, pad_id=1)


@pytest.mark.parametrize(
    ("count", "settings", "total"),
    [(20, {"epochs": 2}, 6), (20, {"epochs": 0.5}, 2), (20, {"epochs": 0.01}, 1),
     (20, {"max_steps": 7}, 7), (20, {"max_steps": 7, "epochs": 99}, 7), (3, {"epochs": 4}, 4)],
)  # fmt: skip
def test_number_of_steps(count: int, settings: dict[str, object], total: int) -> None:
    steps = make_steps(count, **settings)
    assert len(steps) == total
    assert steps[total - 1].examples > 0


def test_pieces_stay_within_the_budget_and_hold_the_whole_batch() -> None:
    steps = make_steps(40, token_budget=64)
    for index in range(steps.per_epoch):
        step = steps[index]
        pieces = [batch["input_ids"] for batch in step.batches]
        assert all(piece.numel() <= 64 or len(piece) == 1 for piece in pieces)
        assert sum(map(len, pieces)) == step.examples == step.count == 8
        assert step.padded_tokens == sum(piece.numel() for piece in pieces)
        assert step.real_tokens == sum(int(b["attention_mask"].sum()) for b in step.batches)


def test_questions_may_differ_in_their_number_of_choices() -> None:
    rows = [3, 4, 3, 4, 3, 5]
    features = [Feature(i, [[5, 6, 7]] * count, 0) for i, count in enumerate(rows)]
    training = Training.model_validate({"batch_size": 6, "epochs": 1, "token_budget": 40})
    step = Steps(features, "multiple_choice", training, pad_id=1)[0]
    shapes = [tuple(batch["input_ids"].shape) for batch in step.batches]
    assert sorted(shapes) == [(1, 5, 3), (2, 4, 3), (3, 3, 3)]
    assert (step.examples, step.count) == (6, 6)
    assert step.padded_tokens == 3 * sum(rows)


def test_an_epoch_sees_every_example_once() -> None:
    steps = make_steps(21)
    assert sum(steps[index].examples for index in range(steps.per_epoch)) == 21
    expected = sum(feature.length for feature in steps.features)
    assert sum(steps[index].real_tokens for index in range(steps.per_epoch)) == expected


def test_a_step_is_the_same_whenever_and_in_whatever_order_it_is_asked_for() -> None:
    forward, jumping = make_steps(21), make_steps(21)
    expected = [forward[index] for index in range(6)]
    for index in (5, 0, 3, 1):
        for left, right in zip(expected[index].batches, jumping[index].batches, strict=True):
            assert all(torch.equal(left[key], right[key]) for key in left)
