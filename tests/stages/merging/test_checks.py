from __future__ import annotations

import pytest

from tests.recipe.helpers import stages, told
from tests.stages.merging.models import MODELS


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("{merge: [bn, bn2], density: 1.5}", "density: must be at most 1"),
        ("{merge: [bn, bn2], density: -0.1}", "density: must be at least 0"),
        ("{merge: [bn, bn2], how: tied}", "how: must be `sum`, `average`, `ties`"),
        (
            "{merge: [bn, bn2], how: dare}",
            (
                "how: `random` needs a `density`, the share of the elements that are kept "
                "(for example `density: 0.2`)"
            ),
        ),
        (
            "{merge: [bn, bn2], sparsify: magnitude}",
            "sparsify: `magnitude` needs a `density`",
        ),
        (
            "{merge: [bn, bn2], sparsify: none, density: 0.5}",
            "density: has no effect with `sparsify: none` (leave out `sparsify` or this key)",
        ),
        (
            "{merge: [bn, bn2], rescale: true}",
            "rescale: has no effect without a `density` (give one, or leave out this key)",
        ),
        (
            "{merge: [bn, bn2], how: dare, sparsify: magnitude, density: 0.5}",
            (
                "sparsify: `how: dare` already means `sparsify: random` (use `how: sum`, or "
                "leave out this key)"
            ),
        ),
        (
            "{merge: [bn, bn2], how: ties, density: 0.5, outliers: 0.1}",
            "outliers: are only cut by `breadcrumbs`",
        ),
        (
            "{merge: [bn, bn2], how: breadcrumbs, density: 0.9, outliers: 0.2}",
            "outliers: `outliers` and `density` add up to 1.1, but may add up to at most 1",
        ),
        (
            "{merge: [bn, bn2], seed: 3}",
            (
                "seed: has no effect, because nothing is drawn at random (use `sparsify: "
                "random`, or leave it out)"
            ),
        ),
        (
            "{merge: [bn, bn2], how: average, weights: [1, -1]}",
            "weights: sum to zero, so they do not define an average (use `how: sum`)",
        ),
        ("{merge: [bn, bn2], layers: {low: [1, 0]}}", "layers.low: is not a range of layers"),
        ("{merge: [bn, bn2], layers: {3-1: [1, 0]}}", "layers.3-1: is not a range of layers"),
        ("{merge: [bn, bn2], layers: {0: [1]}}", "layers.0: has 1 weight for 2 stages"),
        (
            "{merge: [bn, bn2], layers: {0-1: [1, 0], 1-2: [0, 1]}}",
            "layers: layer 1 is both in 0-1 and 1-2",
        ),
        (
            "{merge: [prefix, prefix2], layers: {0: [1, 0]}}",
            "layers: `prefix_tuning` is learnt for all layers together",
        ),
        (
            "{merge: [reft, reft2], how: ties}",
            "how: `loreft` edits the output of layers, so it has no elements to compare",
        ),
        (
            "{merge: [lora, lora2], density: 0.5}",
            (
                "density: with `density: 0.5`, the merged updates of `lora` do not have a low "
                "rank, so give"
            ),
        ),
        ("{merge: [bn, lora], how: ties}", "merge: `seq_bn` and `lora` differ"),
        ("{merge: [bn, bn2], head: lora}", "head: `lora` is not one of the members"),
        (
            "{merge: [bn, bn2], on: xnli}",
            "on: is only used by a greedy soup (use `how: greedy`, or leave it out)",
        ),
        ("{merge: [bn, bn2], how: greedy}", "how: a greedy soup needs a dev split that chooses"),
        (
            "{merge: [bn, bn2], how: greedy, on: udpos}",
            "merge[0]: `bn` cannot be scored on `udpos`: `mnli` is pair classification",
        ),
        (
            "{merge: [bn, bn2], how: greedy, on: {task: xnli, language: sw}}",
            "on.language: `xnli` has no language `sw`",
        ),
        ("{merge: [bn, bn2], how: greedy, on: tatoeba}", "on: `tatoeba` has no dev split"),
        ("{merge: [bn, bn2], how: greedy, on: nope}", "on: unknown task `nope`"),
        (
            "{merge: [bn, bn2], how: greedy, on: xnli, weights: [1, 2]}",
            "weights: has no effect in a greedy soup",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(body: str, problem: str) -> None:
    found = told(stages(f"{MODELS}x: {body}"))
    assert any(f" stages.x.{problem}" in line for line in found), found
