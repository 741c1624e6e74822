"""`--set key=value` and `--data DIR`."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapterxlt.errors import InvalidRecipeError
from adapterxlt.recipe.load import load_recipe
from adapterxlt.stages.evaluate import EvaluateStage
from adapterxlt.stages.train import TrainStage
from tests.recipe.helpers import TASKS, load, told

RECIPE = """\
name: test
stages:
  nli: {train: mnli}
  v1.0: {train: mnli}
  "nli.b": {train: mnli}
  scores: {evaluate: [nli, v1.0], on: xnli}
"""


def test_values_are_yaml() -> None:
    recipe = load(RECIPE, "stages.nli.lr=3e-4", "seed=7", "stages.scores.languages=[de, fr]").recipe
    nli, scores = recipe.stages["nli"], recipe.stages["scores"]
    assert isinstance(nli, TrainStage)
    assert isinstance(scores, EvaluateStage)
    assert (nli.lr, recipe.seed, scores.languages) == (3e-4, 7, ["de", "fr"])


def test_a_stage_whose_name_has_dots_is_found() -> None:
    recipe = load(RECIPE, "stages.v1.0.cap=9", "stages.nli.b.cap=8", "stages.nli.cap=7").recipe
    caps = {name: getattr(stage, "cap", None) for name, stage in recipe.stages.items()}
    assert caps == {"nli": 7, "v1.0": 9, "nli.b": 8, "scores": None}


def test_new_keys_short_forms_and_list_items() -> None:
    recipe = load(
        RECIPE,
        "training.epochs=2",
        "description=mine",
        "stages.scores.evaluate.1=nli.b",
        "stages.scores.languages=de",
    ).recipe
    scores = recipe.stages["scores"]
    assert isinstance(scores, EvaluateStage)
    assert (scores.evaluate, scores.languages) == (["nli", "nli.b"], ["de"])
    assert (recipe.training_of("nli").epochs, recipe.description) == (2, "mine")


def test_blocks_that_the_recipe_lacks_are_made() -> None:
    recipe = load(
        RECIPE,
        "resources.cpus=2",
        "resources.gpus=1",
        "stages.nli.resources.cpus=3",
        "compare.baseline=nli",
        "store.remotes=[s3://bucket/team]",
        "training.lr=0.5",
    ).recipe
    assert recipe.resources_of("v1.0").model_dump(exclude_none=True) == {"cpus": 2, "gpus": 1}
    assert recipe.resources_of("nli").model_dump(exclude_none=True) == {"cpus": 3, "gpus": 1}
    assert recipe.compare.baseline == "nli"
    assert [remote.url for remote in recipe.store.remotes] == ["s3://bucket/team"]
    assert recipe.training_of("nli").lr == 0.5
    repeated = RECIPE + '  "again_${seed}": {train: mnli, seed: "${seed}"}\n'
    assert {"again_1", "again_2"} < set(load(repeated, "matrix.seed=[1, 2]").recipe.stages)


def test_a_block_that_is_empty_is_filled() -> None:
    assert load("resources:\n" + RECIPE, "resources.cpus=2").recipe.resources.cpus == 2


def test_the_last_one_wins_and_a_stage_can_be_replaced() -> None:
    recipe = load(RECIPE, "seed=3", "seed=4", "stages.nli={train: udpos}", "stages.scores.on=udpos",
                  "stages.scores.evaluate=nli").recipe  # fmt: skip
    assert recipe.seed == 4
    assert [part.task for part in recipe.parts_of("nli")] == ["udpos"]


@pytest.mark.parametrize("nothing", ["null", "~", ""])
def test_a_stage_that_is_null_is_left_out(nothing: str) -> None:
    given = load(RECIPE, f"stages.scores={nothing}", f"stages.nli.b={nothing}").recipe
    assert list(given.stages) == ["nli", "v1.0"]
    again = load(RECIPE, f"stages.nli.b={nothing}", "matrix.seed=[1]").recipe
    assert list(again.stages) == ["nli", "v1.0", "scores"]


def test_stages_that_are_a_list_are_refused_as_ever() -> None:
    assert told("name: x\nstages: [{train: mnli}]\n", "stages.0=null") == [
        "2 stages: must be a mapping of names to stages (for example `nli: {train: mnli, method: "
        "seq_bn}`)"
    ]


def test_what_refers_to_a_stage_that_is_left_out_is_refused() -> None:
    assert told(RECIPE, "stages.nli=null") == [
        "6 stages.scores.evaluate[0]: there is no stage `nli` (did you mean `nli.b`?)"
    ]
    assert told("name: x\nstages: {nli: {train: mnli}}\n", "stages.nli=null")[0].endswith(
        "stages: has no stage (for example `nli: {train: mnli, method: seq_bn}`)"
    )
    assert told(RECIPE, "stages.nil=null") == [
        "0 stages.nil: there is no such stage (did you mean `nli`?)"
    ]


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("stages.nil.lr=1", "0 stages.nil: there is no such stage (did you mean `nli`?)"),
        ("stages.nil=1", "0 stages.nil: there is no such stage (did you mean `nli`?)"),
        ("stages.nli.lrr=1", "0 stages.nli.lrr: is not a known key (did you mean `lr`?)"),
        ("stages.nli.lr=-1", "0 stages.nli.lr: must be above 0"),
        ("sed=1", "0 sed: is not a known key (did you mean `seed`?)"),
        ("trainin.lr=1", "0 trainin: is not a known key (did you mean `training`?)"),
        ("resources.cpu=1", "0 resources.cpu: is not a known key (did you mean `cpus`?)"),
        ("stages.nli.resourcs.cpus=1", ("0 stages.nli.resourcs: is not a known key (did you mean "
                                        "`resources`?)")),
        ("stages.nli.lr.x=1", "0 stages.nli.lr: must be a number"),
        ("name.x=1", ("0 name.x: cannot be set, because the key above it has a plain value "
                      "(set `name`, which replaces the whole value)")),
        ("include=x.yaml", ("0 include: cannot be set, because files are included before any key "
                            "is set (write `include` in the recipe's file)")),
        ("stages.scores.evaluate.9=x", ("0 stages.scores.evaluate.9: the list has 2 items; the "
                                        "first one is 0")),
        ("stages.scores.on=[x", "0 stages.scores.on: YAML: "),
        ("seed", "0 : `seed` is not key=value (for example stages.nli.lr=3e-4)"),
        ("=3", "0 : `=3` is not key=value"),
    ],
)  # fmt: skip
def test_overrides_that_make_no_sense(override: str, expected: str) -> None:
    found = told(RECIPE, override)
    assert len(found) == 1
    assert found[0].startswith(expected)


def test_all_problems_of_overrides_and_recipe_come_together() -> None:
    found = told(RECIPE + "  bad: {train: mnlii}\n", "stages.nil.lr=1", "sed=1")
    assert [line.split(":")[0] for line in found] == ["0 stages.nil", "0 sed", "7 stages.bad.train"]


def test_an_override_is_named_as_the_place(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(RECIPE)
    with pytest.raises(InvalidRecipeError, match=r"^--set: stages\.nli\.train: unknown task"):
        load_recipe(path, ["stages.nli.train=mnlii"], tasks=TASKS)


def test_data_folders_replace_those_of_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("data: [a, b]\n" + RECIPE)
    assert load_recipe(path, tasks=TASKS).recipe.data == ["a", "b"]
    assert load_recipe(path, [], ["x"], tasks=TASKS).recipe.data == ["x"]
