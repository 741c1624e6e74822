"""Merges in recipes: what they come down to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.plan.expand import expand
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.recipe.steps import Step
from tests.recipe.helpers import TASKS, load, stages
from tests.stages.merging.models import MODELS


def step_of(body: str, tiny_backbone: Path) -> Step:
    recipe = load(stages(f"{MODELS}x: {body}")).recipe
    backbone = inspect_backbone("tiny", tiny_backbone)
    return next(step for step in expand(recipe, backbone, ()) if step.id == "x")


@pytest.mark.parametrize(
    ("body", "params", "version", "words"),
    [
        ("{merge: [bn, bn2]}", {"weights": [0.5, 0.5]}, 2, "merge(a + b)"),
        (
            "{merge: [bn, bn2], how: average, weights: [3, 3]}",
            {"weights": [0.5, 0.5]},
            2,
            "merge(a + b)",
        ),
        (
            "{merge: [bn, bn2], weights: [1, -1]}",
            {"weights": [1.0, -1.0]},
            2,
            "merge(a + b, weights 1/-1)",
        ),
        ("{merge: [full, full2]}", {"weights": [0.5, 0.5]}, 3, "merge(a + b)"),
        (
            "{merge: [full, full2], how: ties, density: 0.2}",
            {
                "weights": [0.5, 0.5],
                "consensus": "ties",
                "sparsify": "magnitude",
                "density": 0.2,
                "rescale": False,
            },
            3,
            "merge(a + b, ties, largest 0.2)",
        ),
        (
            "{merge: [lora, lora2], how: dare, density: 0.5, seed: 7, rank: 4}",
            {
                "weights": [0.5, 0.5],
                "sparsify": "random",
                "density": 0.5,
                "rescale": True,
                "seed": 7,
                "rank": 4,
            },
            2,
            "merge(a + b, random 0.5, rescaled, rank 4)",
        ),
        (
            "{merge: [bn, like], how: breadcrumbs, density: 0.14}",
            {
                "weights": [0.5, 0.5],
                "sparsify": "breadcrumbs",
                "density": 0.14,
                "outliers": 0.01,
                "rescale": False,
                "start_seed": 1,
            },
            2,
            "merge(a + b, all but the smallest and largest, 0.14 without the largest 0.01)",
        ),
        (
            "{merge: [bn, bn2], layers: {1: [0, 1], 0-0: [1, 0]}}",
            {"weights": [0.5, 0.5], "layers": [[0, 0, [1.0, 0.0]], [1, 1, [0.0, 1.0]]]},
            2,
            "merge(a + b, layers 0-0: 1/0, layers 1-1: 0/1)",
        ),
        (
            "{merge: [pos, full], weights: [0.5, 1], head: full}",
            {"weights": [1.0, 0.5], "head_of": "first"},
            3,
            "merge(a + b, weights 1/0.5, head of the first)",
        ),
    ],
)  # fmt: skip
def test_what_a_merge_comes_down_to(
    tiny_backbone: Path, body: str, params: dict[str, Any], version: object, words: str
) -> None:
    step = step_of(body, tiny_backbone)
    assert step.params == params
    assert KINDS["merge"].version_of(step, TASKS) == version
    assert KINDS["merge"].words(step.params, ["a", "b"]) == words


def test_ways_to_say_the_same_are_one_step(tiny_backbone: Path) -> None:
    for one, other in (
        ("how: dare, density: 0.3", "sparsify: random, density: 0.3, rescale: true, seed: 1"),
        ("how: breadcrumbs, density: 0.3", "sparsify: breadcrumbs, density: 0.3, outliers: 0.01"),
        ("how: sum, density: 0.3", "sparsify: magnitude, density: 0.3"),
        ("how: sum", "sparsify: none"),
    ):
        steps = [
            step_of(f"{{merge: [bn, like], {said}}}", tiny_backbone).params for said in (one, other)
        ]
        assert steps[0] == steps[1]


def test_the_member_whose_head_it_has_comes_first(tiny_backbone: Path) -> None:
    step = step_of("{merge: [pos, full, full2], weights: [3, 2, 1], head: full}", tiny_backbone)
    assert step.inputs == ("full", "pos", "full2")
    assert step.params["weights"] == [2.0, 3.0, 1.0]
