"""Loading whole files, and anything thrown at the loader."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from adapterxlt.bundled import bundled
from adapterxlt.errors import InvalidRecipeError
from adapterxlt.recipe.kinds import KINDS
from adapterxlt.recipe.load import load_recipe, load_text
from adapterxlt.recipe.schema import Recipe, Training
from tests.recipe.helpers import TASKS, load


def test_the_example_of_the_design(tmp_path: Path) -> None:
    path = tmp_path / "design.yaml"
    path.write_text(
        """\
name: mnli-then-xnli
backbone: mini
data: pocket
seed: 1
stages:
  nli:       {train: mnli, method: seq_bn}
  qa:        {train: squad}
  direct:    {train: udpos, method: seq_bn}
  after_nli: {train: udpos, method: seq_bn, after: nli}
  over_nli:  {train: udpos, method: seq_bn, stack_on: nli}
  both:      {fuse: [nli, qa], train: udpos}
  mixed:     {merge: [nli, qa], weights: [0.5, 0.5]}
  scores:    {evaluate: [direct, after_nli], on: udpos, languages: all}
  search:    {retrieve: [nli, none], on: tatoeba, layers: all}
"""
    )
    loaded = load_recipe(path)
    assert (loaded.path, loaded.base) == (path, tmp_path)
    assert {name: type(stage).__name__ for name, stage in loaded.recipe.stages.items()} == {
        "nli": "TrainStage",
        "qa": "TrainStage",
        "direct": "TrainStage",
        "after_nli": "TrainStage",
        "over_nli": "TrainStage",
        "both": "FuseStage",
        "mixed": "MergeStage",
        "scores": "EvaluateStage",
        "search": "RetrieveStage",
    }
    assert loaded.places.of(("stages", "over_nli", "stack_on")).line == 10


@pytest.mark.parametrize("path", sorted(bundled("recipes").glob("*.yaml")), ids=lambda p: p.stem)
def test_bundled_recipes_have_no_problems(path: Path) -> None:
    assert load_recipe(path).recipe.stages


def test_training_settings_fall_back_to_the_recipe() -> None:
    recipe = load(
        """\
        name: x
        seed: 5
        training: {lr: 1e-3, epochs: 2}
        stages:
          a: {train: mnli, lr: 2e-3}
          b: {train: mnli, seed: 9}
        """
    ).recipe
    a, b = recipe.training_of("a"), recipe.training_of("b")
    assert (a.lr, a.epochs, a.seed) == (2e-3, 2, 5)
    assert (b.lr, b.epochs, b.seed) == (1e-3, 2, 9)


def test_a_problem_names_the_file_as_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "my recipe.yaml"
    path.write_text("name: x\nstages:\n  a: {train: mnlii}\n")
    with pytest.raises(InvalidRecipeError) as caught:
        load_recipe(path)
    assert str(caught.value) == (
        f"{path}:3: stages.a.train: unknown task `mnlii` (did you mean `mnli`?)"
    )
    assert caught.value.exit_code == 3


def test_loading_imports_no_heavy_library() -> None:
    script = """
import json, sys
from pathlib import Path
from adapterxlt.recipe.load import load_recipe
from adapterxlt.backbones.find import resolve_backbone
load_recipe(Path(sys.argv[1]))
heavy = {"torch", "transformers", "adapters", "datasets", "numpy", "faiss", "huggingface_hub"}
print(json.dumps(sorted(heavy & set(sys.modules))))
"""
    path = bundled("recipes/quickstart.yaml")
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []


# Random recipes that are near enough to real ones to get far into the loader.
NAMES = ["nli", "pos", "a.b", "none", "x_${t}", "${t}", "${u}", "all", "", "bad name"]
SCALARS = (
    st.sampled_from([*NAMES, *TASKS, "seq_bn", "lora[r=4]", "full", "mam", "fp16", "3e-4", "en"])
    | st.integers(-2, 600)
    | st.floats()
    | st.booleans()
    | st.none()
    | st.text(max_size=5)
)
KEYS = st.sampled_from(
    [*KINDS, "after", "stack_on", "method", "on", "languages", "layers", "weights", "baseline",
     "split", *Training.model_fields]
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
STAGES = st.dictionaries(
    st.sampled_from(NAMES), st.dictionaries(KEYS, VALUES, max_size=5) | VALUES, max_size=5
)
RECIPES = st.fixed_dictionaries(
    {"name": st.just("x") | SCALARS, "stages": STAGES | VALUES},
    optional={
        "matrix": st.dictionaries(st.sampled_from("tuv"), st.lists(SCALARS, max_size=3)) | VALUES,
        "training": st.dictionaries(KEYS, VALUES, max_size=3) | VALUES,
        "data": VALUES,
        "seed": VALUES,
        "backbone": VALUES,
        "extra": VALUES,
    },
)
OVERRIDES = st.lists(
    st.builds("{}={}".format, st.sampled_from(["seed", "stages.nli.lr", "stages", "x.y", "data.0",
                                                "training.lr", "matrix.t", "stages.nli"]),
              SCALARS | st.text(max_size=8)) | st.text(max_size=8),
    max_size=2,
)  # fmt: skip


@given(RECIPES, OVERRIDES)
def test_any_recipe_is_loaded_or_refused(tree: object, overrides: list[str]) -> None:
    text = yaml.safe_dump(tree, allow_unicode=True)
    try:
        found: Recipe | InvalidRecipeError = load_text(text, overrides, tasks=TASKS).recipe
    except InvalidRecipeError as error:
        found = error
    if isinstance(found, Recipe):
        assert found.stages
        return
    assert found.problems
    lines = text.count("\n") + 1
    for problem in found.problems:
        assert problem.message
        assert 0 <= problem.line <= lines
        assert problem.file in ("recipe.yaml", "--set")


@given(st.text(max_size=100), st.lists(st.text(max_size=20), max_size=2))
def test_any_text_is_refused(text: str, overrides: list[str]) -> None:
    with pytest.raises(InvalidRecipeError):
        load_text(text, overrides, tasks=TASKS)
