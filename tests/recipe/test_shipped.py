"""The recipes that ship with the project: sound, complete, and what the papers' scripts say."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.backbones.find import resolve_backbone
from adapterxlt.errors import MissingDataError
from adapterxlt.plan.plan import Sources, make_plan
from adapterxlt.plan.trial import in_small
from adapterxlt.recipe.load import LoadedRecipe, load_recipe
from adapterxlt.report.read import Run
from adapterxlt.report.references import beside
from adapterxlt.stages.evaluate import EvaluateStage
from adapterxlt.stages.retrieve import RetrieveStage
from adapterxlt.stages.train import TrainStage
from adapterxlt.store.store import Store
from adapterxlt.tasks.catalogue import catalogue, get_task, source_of
from adapterxlt.tasks.presets import presets
from tests.report.rows import row

FOLDER = Path(__file__).resolve().parents[2] / "recipes"
SHIPPED = sorted(
    path.relative_to(FOLDER).with_suffix("").as_posix()
    for path in (*FOLDER.glob("*.yaml"), *FOLDER.glob("*/*.yaml"))
)

# What is not free to share, or too large for the folder: the data that a recipe lacks there.
ABSENT = {
    "methods/translate-train": "train data of `xnli_translate_train`",
    "stilts/anli_plus": "train data of `snli`",
    "stilts/ccg": "train data of `ccg`",
    "stilts/multi": "train data of `snli`",
    "studies/intermediate-xglue": "test data of `xglue_ner`",
    "xglue/all": "dev data of `xglue_ner`",
    "xglue/nc": "dev data of `xglue_nc`",
    "xglue/ner": "dev data of `xglue_ner`",
    "xglue/pos": "dev data of `xglue_pos`",
    "xglue/qadsm": "dev data of `xglue_qadsm`",
    "xglue/qam": "dev data of `xglue_qam`",
    "xglue/wpr": "dev data of `xglue_wpr`",
}


# Recipes that name layers of a deeper backbone than the bundled one.
LAYERS = {"studies/lexical-injection-e5": 12}


def bundled_backbone(name: str) -> Backbone:
    """The bundled backbone, with as many layers as a recipe names."""
    found = resolve_backbone("mini", FOLDER)
    return replace(found, layers=LAYERS.get(name, found.layers))


def load(name: str, overrides: Sequence[str] = ()) -> LoadedRecipe:
    return load_recipe(FOLDER / f"{name}.yaml", overrides)


def targets(name: str) -> set[str]:
    stages = load(name).recipe.stages.values()
    return {
        task
        for stage in stages
        if isinstance(stage, (EvaluateStage, RetrieveStage))
        for task in stage.on
    }


def of(benchmark: str) -> set[str]:
    return {task.name for task in catalogue().values() if benchmark in task.benchmarks}


@pytest.mark.parametrize("name", SHIPPED)
def test_every_recipe_is_sound(name: str) -> None:
    loaded = load(name, ["backbone=mini"])
    loaded.check_backbone(bundled_backbone(name))
    loaded = load(name)
    assert loaded.recipe.name == name.replace("/", "-")
    assert "/" not in name or loaded.recipe.description


def test_every_task_has_its_recipe() -> None:
    assert {name for name in SHIPPED if name.startswith("xtreme/")} == {
        "xtreme/all",
        *(f"xtreme/{task}" for task in of("xtreme")),
    }
    assert {name for name in SHIPPED if name.startswith("stilts/")} == {
        "stilts/multi",
        *(f"stilts/{task}" for task in of("intermediate")),
    }
    assert {name for name in SHIPPED if name.startswith("xglue/")} == {
        "xglue/all",
        *(task.replace("xglue_", "xglue/") for task in of("xglue")),
    }


def test_what_they_measure() -> None:
    assert targets("xtreme/all") == of("xtreme")
    assert targets("xglue/all") == of("xglue")
    for task in of("xtreme"):
        assert targets(f"xtreme/{task}") == {task}
    for name in SHIPPED:
        if name.startswith("stilts/"):
            assert targets(name) == of("xtreme")


def test_the_mixture_is_of_all_nine() -> None:
    recipe = load("stilts/multi").recipe
    assert {part.task for part in recipe.parts_of("intermediate")} == of("intermediate")


@pytest.mark.parametrize(
    ("folder", "preset"), [("xtreme", "xtreme-2020"), ("stilts", "jiant"), ("xglue", "unicoder")]
)
def test_the_numbers_are_the_published_ones(folder: str, preset: str) -> None:
    """Every number that a preset gives for a target is that of the stage which is scored on it."""
    found = 0
    published = presets()[preset].tasks
    for name in SHIPPED:
        if not name.startswith(f"{folder}/"):
            continue
        recipe = load(name).recipe
        for stage in recipe.stages.values():
            if not isinstance(stage, EvaluateStage):
                continue
            for model in stage.evaluate:
                trained = recipe.stages[model]
                assert isinstance(trained, TrainStage)
                (part,) = recipe.parts_of(model)
                settings = recipe.training_of(model).model_dump()
                settings["max_length"] = part.max_length
                for task in stage.on:
                    assert source_of(get_task(part.task), "train") == source_of(
                        get_task(task), "train"
                    )
                    given = published[task].given()
                    if (folder, task) == ("stilts", "tydiqa"):  # its dev answers are withheld
                        assert settings["keep"] == "last"
                        del given["keep"], given["dev_cap"]
                    assert {key: settings[key] for key in given} == given
                    found += len(given)
    assert found > 20


@pytest.mark.parametrize("name", ["studies/intermediate-xlmr", "studies/intermediate-xglue"])
def test_published_values_stand_beside_those_of_the_large_studies(name: str) -> None:
    """Each target without an intermediate task has a published value of its task and split."""
    recipe = load(name).recipe
    rows, tasks = [], set()
    for stage_name, stage in recipe.stages.items():
        if isinstance(stage, EvaluateStage):
            [task] = (catalogue()[task] for task in stage.on)
            tasks.add(task.name)
            [part] = recipe.parts_of(str(stage.baseline))
            rows.append(
                dataclasses.replace(
                    row("direct", task.languages[0], 50.0, task=task.name, split=stage.split),
                    metric=task.main_metric,
                    stage=stage_name,
                    lineage=f"{recipe.backbone.name} > {part.task} (full)",
                    caps="",
                    data="hub",
                )
            )
    found = beside([Run(Path(), "test", tuple(rows))])
    assert {one.known.task for one in found} == tasks
    assert len(tasks) == {"studies/intermediate-xlmr": 7, "studies/intermediate-xglue": 9}[name]


def mlqa_test(folder: Path, real_data: Path) -> Path:
    """A folder with MLQA's dev files as its test files, which are too large to be kept."""
    for path in real_data.glob("mlqa/MLQA_V1/dev/dev-*.json"):
        target = folder / "mlqa/MLQA_V1/test" / path.name.replace("dev-", "test-")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return folder


@pytest.mark.parametrize("name", SHIPPED)
def test_what_can_be_planned_on_real_data(name: str, real_data: Path, tmp_path: Path) -> None:
    recipe = load(name).recipe
    own = recipe.data == ["pocket"] and "data" in recipe.model_fields_set
    roots = (FOLDER.parent / "artifacts/data/pocket",) if own else (real_data,)
    if name == "studies/intermediate-xlmr":
        roots += (mlqa_test(tmp_path / "data", real_data),)
    # The large training files are not in the folder.
    recipe, _ = in_small(load(name, ["backbone=mini"]).recipe, 50, roots)
    sources = Sources(bundled_backbone(name), roots, tasks=recipe.catalogue)
    if name in ABSENT:
        with pytest.raises(MissingDataError, match=f"no {ABSENT[name]} in language") as caught:
            make_plan(recipe, Store(tmp_path), sources)
        assert f": {real_data}/" in str(caught.value)
        return
    plan = make_plan(recipe, Store(tmp_path), sources)
    assert len(plan.steps) >= len(recipe.stages)
