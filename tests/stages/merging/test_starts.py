from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.plan.expand import expand
from tests.recipe.helpers import load, stages, told
from tests.stages.merging.models import MODELS


@pytest.mark.parametrize(
    ("stage", "start"),
    [
        ("{merge: [bn, like], how: ties}", 1),
        ("{merge: [fixed, fixed2], density: 0.5}", 0),
        ("{merge: [more, like], how: ties}", 1),
        ("{merge: [more2, bn2], how: ties}", 2),
        ("{merge: [bn, like], how: sum}", None),
        ("{merge: [full, full2], how: ties}", None),
    ],
)
def test_updates_are_what_changed_since_a_common_start(
    tiny_backbone: Path, stage: str, start: int | None
) -> None:
    more = "more: {train: udpos, after: bn, seed: 5}\nmore2: {train: udpos, after: bn2}\n"
    recipe = load(stages(f"{MODELS}{more}x: {stage}")).recipe
    backbone = inspect_backbone("tiny", tiny_backbone)
    step = next(step for step in expand(recipe, backbone, ()) if step.id == "x")
    assert step.params.get("start_seed") == start


def test_members_with_other_starts_are_refused() -> None:
    both = f"{MODELS}sum: {{merge: [bn, like]}}\n"
    [line] = told(stages(f"{both}x: {{merge: [bn, bn2], how: ties}}"))
    assert line.endswith(
        "stages.x.how: compares what training changed, but the adapters started from different "
        "random weights (`bn` from seed 1, `bn2` from seed 2) (train them with `method: "
        '"seq_bn[init_weights_seed=1]"`, or with the same `seed`)'
    )
    [line] = told(stages(f"{both}x: {{merge: [bn, sum], density: 0.5}}"))
    assert line.endswith(
        "stages.x.density: compares what training changed, but the weights that `sum` started "
        "from are not known (use `how: sum` without `density`, which merges the weights as they "
        "are)"
    )
    assert not told(stages(f"{both}x: {{merge: [lora, lora2], how: ties, rank: 8}}"))
