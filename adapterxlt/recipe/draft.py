"""A recipe during its checks: the known facts, and the problems so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from adapterxlt.documents.nodes import KeyPath, Places
from adapterxlt.errors import Problem
from adapterxlt.recipe.schema import Recipe
from adapterxlt.recipe.used import Used
from adapterxlt.suggest import closest, suggest
from adapterxlt.tasks.catalogue import LISTED, Task


@dataclass
class Draft:
    """The state that checks read, and the problems that they add.

    Args:
        recipe: what of the recipe fits the schema.
        places: where its values were written.
        problems: added to.
        lost: paths of values that break the schema, so that the recipe has a default, or
            nothing, in their place; their problem is told already.
        broken: names of stages that are not in the recipe, as nothing is known of them.
        used: what `use` stages name, by stage; of those that could be looked at.
    """

    recipe: Recipe
    places: Places
    problems: list[Problem] = field(default_factory=list)
    lost: frozenset[KeyPath] = frozenset()
    broken: frozenset[str] = frozenset()
    used: Mapping[str, Used] = field(default_factory=dict)

    @property
    def tasks(self) -> Mapping[str, Task]:
        """The known tasks."""
        return self.recipe.catalogue

    def refuse(self, path: KeyPath, message: str, hint: str | None = None) -> None:
        """Report a problem, unless the value is lost: then it follows from another problem."""
        if not self.is_lost(path):
            self.problems.append(self.places.problem(path, message, hint))

    def is_lost(self, path: KeyPath) -> bool:
        """Whether the value at a path, or the value around it, was left out because it is wrong."""
        return any(path[:length] in self.lost for length in range(1, len(path) + 1))

    def knows(self, at: KeyPath, *keys: str) -> bool:
        """Whether all these settings of a stage are known."""
        return not any(self.is_lost((*at, key)) or self.is_lost(("training", key)) for key in keys)

    def task(self, path: KeyPath, name: str) -> Task | None:
        """The task named at a path; an unknown task is reported."""
        task = self.tasks.get(name)
        if task is None:
            self.refuse(path, f"unknown task `{name}`", suggest(name, self.tasks, see=LISTED))
        return task

    def meant(self, name: str) -> Task | None:
        """The task that a misspelt name probably means, so that more of its stage is checked."""
        near = closest(name, self.tasks)
        return self.tasks[near] if near is not None else None
