"""Recipes of thousands of stages, each after the one before: no order of writing is too deep."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.check import inspect_backbone
from adapterxlt.errors import UsageError
from adapterxlt.order import in_order
from adapterxlt.plan.lineage import describe, lineage_of
from adapterxlt.plan.plan import Sources, make_plan
from adapterxlt.recipe import matrix
from adapterxlt.recipe.kinds import stage_behind
from adapterxlt.recipe.load import load_text
from adapterxlt.recipe.schema import Recipe
from adapterxlt.stages.fuse import FuseStage
from adapterxlt.stages.merge import MergeStage
from adapterxlt.stages.train import TrainStage
from adapterxlt.store.store import Store

COUNT = 3000


@pytest.fixture(scope="module")
def sources(tiny_backbone: Path, tmp_path_factory: pytest.TempPathFactory) -> Sources:
    root = tmp_path_factory.mktemp("data")
    (root / "xnli").mkdir()
    (root / "xnli" / "train-en.tsv").write_text("The cat sat.\tA cat sat!\tentailment\n")
    backbone: Backbone = inspect_backbone("tiny", tiny_backbone)
    return Sources(backbone, (root,))


def chain(count: int, *, backward: bool) -> Recipe:
    names = range(count)
    stages = {
        f"s{number}": TrainStage.model_validate(
            {"train": "mnli", "after": f"s{number - 1}" if number else None}
        )
        for number in (reversed(names) if backward else names)
    }
    return Recipe.model_construct(name="chain", stages=stages)


@pytest.mark.parametrize("backward", [False, True])
def test_a_long_chain_is_planned(sources: Sources, tmp_path: Path, backward: bool) -> None:
    plan = make_plan(chain(COUNT, backward=backward), Store(tmp_path / "store"), sources)
    assert [step.step.id for step in plan.steps] == [f"s{number}" for number in range(COUNT)]
    lineage = lineage_of(plan, f"s{COUNT - 1}", sources.backbone)
    steps = lineage["steps"]
    assert isinstance(steps, list)
    assert [step["fingerprint"] for step in steps] == [step.fingerprint for step in plan.steps]
    assert describe(lineage).startswith("tiny > mnli (seq_bn) > mnli (seq_bn, after) > ")


@pytest.mark.parametrize("backward", [False, True])
def test_a_long_chain_is_checked(monkeypatch: pytest.MonkeyPatch, backward: bool) -> None:
    monkeypatch.setattr(matrix, "MAX_STAGES", 2000)
    lines = [
        f"  s{number}: {{train: mnli{f', after: s{number - 1}' if number else ''}}}\n"
        for number in range(1500)
    ]
    if backward:
        lines.reverse()
    loaded = load_text("name: chain\nstages:\n" + "".join(lines))
    assert len(loaded.recipe.stages) == 1500


def test_a_merge_of_merges_has_the_settings_of_its_first_member() -> None:
    stages: dict[str, TrainStage | MergeStage] = {
        "m0": TrainStage.model_validate({"train": "mnli"})
    }
    for number in range(1, COUNT):
        stages[f"m{number}"] = MergeStage(merge=[f"m{number - 1}", "m0"])
    recipe = Recipe.model_construct(name="merges", stages=stages)
    assert stage_behind(recipe, f"m{COUNT - 1}") == "m0"


def test_order() -> None:
    needs = {"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": [], "e": ["f"], "f": ["e"]}
    assert in_order(needs, needs.__getitem__) == ["d", "b", "c", "a", "f", "e"]


def test_a_fusion_of_one_adapter_with_itself_is_refused(sources: Sources, tmp_path: Path) -> None:
    stages = {
        "one": TrainStage.model_validate({"train": "mnli"}),
        "two": TrainStage.model_validate({"train": "mnli"}),
        "both": FuseStage.model_validate({"fuse": ["one", "two"], "train": "mnli"}),
    }
    recipe = Recipe.model_construct(name="twins", stages=stages)
    with pytest.raises(UsageError, match="fuses `one` and `two`, which are identical"):
        make_plan(recipe, Store(tmp_path / "store"), sources)
