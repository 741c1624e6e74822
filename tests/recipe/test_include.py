"""Recipes that share their parts."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from adapterxlt.errors import InvalidRecipeError
from adapterxlt.recipe.load import LoadedRecipe, load_recipe
from tests.recipe.helpers import TASKS


def write(folder: Path, **files: str) -> Path:
    """Write files (`parts__common` is parts/common.yaml) and return the one called `main`."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
    return folder / "main.yaml"


def load(path: Path, *overrides: str) -> LoadedRecipe:
    return load_recipe(path, overrides, tasks=TASKS)


def told(path: Path, *overrides: str) -> list[str]:
    with pytest.raises(InvalidRecipeError) as error:
        load(path, *overrides)
    return [str(p).replace(f"{path.parent}/", "") for p in error.value.problems]


def test_what_is_said_later_and_nearer_wins(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        main="""\
            name: main
            include: [parts/one.yaml, parts/two.yaml]
            training: {lr: 1e-3}
            stages: {nli: {seed: 7}}
        """,
        parts__one="""\
            backbone: one
            training: {lr: 1e-4, epochs: 2, cap: 10}
            stages:
              nli: {train: mnli, method: lora}
              direct: {train: pawsx}
        """,
        parts__two="""\
            include: three.yaml
            training: {epochs: 3}
            stages: {direct: {train: udpos}}
        """,
        parts__three="{backbone: three, seed: 5, training: {cap: 20}}",
    )
    recipe = load(path).recipe
    assert (recipe.name, recipe.backbone.name, recipe.seed) == ("main", "three", 5)
    settings = recipe.training_of("nli")
    assert (settings.lr, settings.epochs, settings.cap, settings.seed) == (1e-3, 3, 20, 7)
    assert list(recipe.stages) == ["nli", "direct"]
    assert [part.task for part in recipe.parts_of("direct")] == ["udpos"]


def test_matrix_and_overrides_see_the_whole(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        main="{name: main, include: base.yaml, matrix: {seed: [1, 2]}}",
        base="""\
            matrix: {seed: [3], task: [mnli]}
            stages:
              "${task}_${seed}": {train: "${task}", seed: "${seed}"}
        """,
    )
    assert list(load(path).recipe.stages) == ["mnli_1", "mnli_2"]
    assert list(load(path, "matrix.seed=[8]").recipe.stages) == ["mnli_8"]
    assert load(path, "training.lr=0.5").recipe.training.lr == 0.5


def test_problems_name_the_file_they_are_in(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        main="""\
            name: main
            include: parts/base.yaml
            stages:
              after: {train: nope, after: nli}
        """,
        parts__base="""\
            # a comment
            training: {lr: -1}
            stages:
              nli: {train: mnlii}
        """,
    )
    found = told(path)
    assert [line.partition(" (")[0] for line in found] == [
        "parts/base.yaml:2: training.lr: must be above 0",
        "parts/base.yaml:4: stages.nli.train: unknown task `mnlii`",
        "main.yaml:4: stages.after.train: unknown task `nope`",
    ]


def test_an_included_file_that_is_broken(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        main="{name: main, include: base.yaml, stages: {nli: {train: mnlii}}}",
        base="training: [\n",
    )
    found = told(path)
    assert len(found) == 2
    assert found[0].startswith("base.yaml:2: YAML:")
    assert found[1].startswith("main.yaml:1: stages.nli.train: unknown task")


@pytest.mark.parametrize(
    ("include", "message"),
    [
        ("../secret.yaml", "include: `../secret.yaml` lies outside the recipe's folder"),
        ("/etc/hosts", "include: `/etc/hosts` lies outside the recipe's folder"),
        ("link.yaml", "include: `link.yaml` lies outside the recipe's folder"),
        ("parts/../../secret.yaml", "lies outside the recipe's folder"),
        ("nothing.yaml", "include: there is no file `nothing.yaml`"),
        ("parts", "include: there is no file `parts`"),
        ("3", "include: must be the path of a recipe file"),
        ("[base.yaml, {a: b}]", "include[1]: must be the path of a recipe file"),
        ("main.yaml", "include: files include each other: main.yaml -> main.yaml"),
        ("circle.yaml", "include: files include each other: main.yaml -> circle.yaml -> main.yaml"),
    ],
)
def test_what_cannot_be_included(tmp_path: Path, include: str, message: str) -> None:
    folder = tmp_path / "recipes"
    path = write(
        folder,
        main=f"name: main\ninclude: {include}\nstages: {{nli: {{train: mnli}}}}\n",
        base="{}",
        circle="{include: main.yaml}",
        parts__x="{}",
    )
    (tmp_path / "secret.yaml").write_text("backbone: secret")
    (folder / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    found = told(path)
    assert len(found) == 1
    assert message in found[0]
    place = "circle.yaml:1" if include == "circle.yaml" else "main.yaml:2"
    assert found[0].startswith(place)


def test_not_without_end(tmp_path: Path) -> None:
    names = {f"a{n}": f"{{include: [a{n + 1}.yaml, a{n + 1}.yaml]}}" for n in range(12)}
    path = write(tmp_path, main="{name: m, include: a0.yaml, stages: {}}", a12="{}", **names)
    assert any("more than 20 files are included" in line for line in told(path))


def test_only_files_include(tmp_path: Path) -> None:
    path = write(tmp_path, main="{name: m, stages: {nli: {train: mnli}}}", base="{}")
    assert told(path, "include=base.yaml")[0].startswith("--set: include: cannot be set")


def test_an_included_stage_that_is_null_is_left_out(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        main="{name: main, include: base.yaml, stages: {nli: null, qa: {train: squad}}}",
        base="stages: {nli: {train: mnli}, direct: {train: pawsx}}",
    )
    assert list(load(path).recipe.stages) == ["direct", "qa"]
    write(tmp_path, main="{name: main, include: base.yaml, stages: {nil: null}}")
    assert told(path) == [
        "main.yaml:1: stages.nil: must be a mapping (a stage has one of `train`, `retrieve`, "
        "`evaluate`, `align`, `probe`, `suggest`, `use`, `ensemble`, `merge`, `fuse`)"
    ]
