"""A recipe in small, to see whether it works: few examples, and dev where train is missing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from adapterxlt.errors import MissingDataError, UsageError
from adapterxlt.recipe.schema import (
    EvaluateStage,
    FuseStage,
    Recipe,
    RetrieveStage,
    TaskData,
    TrainStage,
)
from adapterxlt.tasks.catalogue import Task, get_task
from adapterxlt.tasks.find import find, has_files


def in_small(recipe: Recipe, count: int, roots: Sequence[Path]) -> tuple[Recipe, list[str]]:
    """The recipe as NAME-trial, each training and each evaluation on few examples.

    One epoch each. A task whose training files are missing is trained on its dev split, and where
    there is no dev split of its own left to choose the best epoch on, the last is kept. Retrieval
    is whole, but in two languages at most.

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
        if isinstance(stage, EvaluateStage):
            stages[name] = stage.model_copy(update={"cap": _least(count, stage.cap)})
        elif isinstance(stage, RetrieveStage):
            stages[name] = stage.model_copy(
                update={"languages": _few_languages(recipe, stage, roots)}
            )
        elif isinstance(stage, (TrainStage, FuseStage)):
            tasks = [_data(recipe, name, data, count, roots) for data in stage.train]
            settings = recipe.training_of(name)
            changes: dict[str, object] = {"train": tasks, "epochs": 1, "max_steps": None}
            changes["dev_cap"] = _least(count, settings.dev_cap)
            if settings.keep == "best" and not _can_choose(recipe, name, tasks, roots):
                changes["keep"] = "last"
                without_choice.append(name)
            stages[name] = stage.model_copy(update=changes)
            from_dev += [
                new.task
                for new, old in zip(tasks, stage.train, strict=True)
                if new.split != (old.split or settings.split)
            ]
    notes = []
    if from_dev:
        notes.append(
            "no training files, so trained on the dev split: " + ", ".join(dict.fromkeys(from_dev))
        )
    if without_choice:
        notes.append(
            "no dev split left to choose the best epoch on, so the last is kept: "
            + ", ".join(without_choice)
        )
    return recipe.model_copy(update={"name": f"{recipe.name}-trial", "stages": stages}), notes


def _data(recipe: Recipe, name: str, data: TaskData, count: int, roots: Sequence[Path]) -> TaskData:
    """One of the tasks of a stage: capped, on dev if there are no files of its split."""
    settings = recipe.training_of(name)
    split = data.split or settings.split
    languages = data.language or settings.language
    task = get_task(data.task, recipe.catalogue)
    if not _there(task, languages, split, roots) and _there(task, languages, "dev", roots):
        split = "dev"
    cap = _least(count, data.cap or settings.cap)
    return data.model_copy(update={"split": split, "cap": cap})


def _few_languages(recipe: Recipe, stage: RetrieveStage, roots: Sequence[Path]) -> str | list[str]:
    """Two languages at most that all tasks of the stage have data in; `all` if there are none."""
    tasks = [recipe.catalogue[name] for name in stage.on]
    asked = tasks[0].languages if stage.languages == "all" else stage.languages
    shared = (
        language
        for language in asked
        if all(has_files(task, roots, language, task.splits[0]) for task in tasks)
    )
    return list(islice(shared, 2)) or stage.languages


def _can_choose(
    recipe: Recipe, name: str, tasks: Sequence[TaskData], roots: Sequence[Path]
) -> bool:
    """Whether every task has a dev split that it is not trained on."""
    default = recipe.training_of(name).language
    return all(
        data.split != "dev"
        and _there(recipe.catalogue[data.task], data.language or default, "dev", roots)
        for data in tasks
    )


def _there(task: Task, languages: Sequence[str], split: str, roots: Sequence[Path]) -> bool:
    try:
        for language in languages:
            find(task, roots, language, split)
    except (MissingDataError, UsageError):  # no files; no such split
        return False
    return True


def _least(count: int, cap: int | None) -> int:
    return count if cap is None else min(count, cap)
