"""From a recipe to its steps: one per trained stage, one per (model, task) cell of the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.errors import InvalidRecipeError, MissingDataError, Problem
from adapterxlt.order import in_order
from adapterxlt.plan.missing import missing_data
from adapterxlt.recipe.composition import shapes_of
from adapterxlt.recipe.kind import Scene
from adapterxlt.recipe.kinds import kind_of
from adapterxlt.recipe.schema import Recipe
from adapterxlt.recipe.shape import Shape
from adapterxlt.recipe.steps import Step
from adapterxlt.recipe.used import Used

_MOST = 5  # missing files or languages that are told in full


def stage_order(recipe: Recipe) -> list[str]:
    """Stage names so that each comes after its inputs, otherwise as written."""
    stages = recipe.stages
    return in_order(stages, lambda name: kind_of(stages[name]).inputs(stages[name]))


def scene_of(
    recipe: Recipe, backbone: Backbone, roots: Sequence[Path], used: Mapping[str, Used]
) -> Scene:
    """The surroundings that the steps of a checked recipe depend on."""

    recipe = recipe.on(backbone.layers)

    @cache
    def shapes() -> Mapping[str, Shape | None]:  # most recipes need none
        return shapes_of(recipe, used)

    return Scene(recipe, backbone, roots, used, lambda name: shapes().get(name))


def expand(
    recipe: Recipe,
    backbone: Backbone,
    roots: Sequence[Path],
    used: Mapping[str, Used] | None = None,
) -> list[Step]:
    """Return the steps of a checked recipe in an order that respects their inputs.

    Args:
        backbone: the recipe's.
        roots: resolved data folders (they tell which languages are there).
        used: what its `use` stages name, by stage.

    Raises:
        MissingDataError: no language of an evaluation has data.
        InvalidRecipeError: language adapters are missing; the error lists all problems.
    """
    scene = scene_of(recipe, backbone, roots, used or {})
    steps: list[Step] = []
    problems: list[tuple[str, MissingDataError]] = []
    refused: list[Problem] = []
    for name in stage_order(recipe):
        stage = recipe.stages[name]
        try:
            steps += kind_of(stage).steps(scene, name, stage)
        except MissingDataError as error:
            problems.append((name, error))
        except InvalidRecipeError as error:
            refused += error.problems
    if refused:
        told = [Problem(f"stages.{name}", one.message, hint=one.hint) for name, one in problems]
        raise InvalidRecipeError([*refused, *told])
    if (found := missing_data(problems, most=_MOST)) is not None:
        raise found
    return steps
