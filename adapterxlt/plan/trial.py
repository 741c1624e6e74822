"""Makes a trial version of a recipe: few examples, and dev where train is missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from adapterxlt.recipe.kinds import kind_of
from adapterxlt.recipe.schema import Recipe


def in_small(recipe: Recipe, count: int, roots: Sequence[Path]) -> tuple[Recipe, list[str]]:
    """The recipe as NAME-trial, each training and each evaluation on few examples.

    One epoch each, or fewer steps. A task whose training files are missing is trained on its dev
    split, and where there is no dev split of its own left to choose the best epoch on, the last is
    kept. Retrieval is in two languages at most.

    Args:
        recipe: a checked recipe.
        count: examples of a task, and of a language that is evaluated, at most.
        roots: resolved data folders.

    Returns:
        The new recipe, and in words what it does otherwise than this one.
    """
    stages = dict(recipe.stages)
    from_dev: list[str] = []
    without_choice: list[str] = []
    for name, stage in recipe.stages.items():
        small = kind_of(stage).in_small(recipe, name, stage, count, roots)
        stages[name] = small.stage
        from_dev += small.from_dev
        if small.keeps_last:
            without_choice.append(name)
    notes = []
    if from_dev:
        notes.append(
            "these tasks have no training files, so they train on the dev split: "
            + ", ".join(dict.fromkeys(from_dev))
        )
    if without_choice:
        notes.append(
            "these stages have no dev split left to choose the best epoch, so they keep the "
            "last: " + ", ".join(without_choice)
        )
    return recipe.model_copy(update={"name": f"{recipe.name}-trial", "stages": stages}), notes
