"""Finds out what the model of each stage is made of, and whether this is possible."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from adapterxlt.documents.nodes import Node, Places
from adapterxlt.order import in_order
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.kinds import kind_of
from adapterxlt.recipe.schema import Recipe
from adapterxlt.recipe.shape import Shape
from adapterxlt.recipe.used import Used


class Composition:
    """Finds the shape of every stage, and reports problems on the way.

    A stage with a problem, or that stands on one, has no shape.
    """

    def __init__(self, draft: Draft) -> None:
        self._recipe = draft.recipe
        self.shapes: dict[str, Shape | None] = {}
        for name in in_order(self._recipe.stages, self._needs):  # in a circle, some come too early
            stage = self._recipe.stages[name]
            self.shapes[name] = kind_of(stage).shape(draft, name, stage, self.of)

    def of(self, name: str) -> Shape | None:
        """The shape of a stage, None if it is not known."""
        return self.shapes.get(name)

    def _needs(self, name: str) -> Iterator[str]:
        stages = self._recipe.stages
        stage = stages[name]
        return (other for other in kind_of(stage).inputs(stage) if other in stages)


def shapes_of(recipe: Recipe, used: Mapping[str, Used]) -> Mapping[str, Shape | None]:
    """The shapes of the stages of a checked recipe."""
    return Composition(Draft(recipe, Places(Node({}, "", 0)), used=used)).shapes
