"""The base of stage kinds that train: settings, checks, steps, lineage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.documents.nodes import KeyPath
from adapterxlt.errors import MissingDataError, UsageError
from adapterxlt.kinds.registry import get_kind
from adapterxlt.methods.parser import parse_method, without_added
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.fields import Split
from adapterxlt.recipe.kind import Read, Scene, Small, StageKind, Trained
from adapterxlt.recipe.schema import Recipe, Training, TrainingStage
from adapterxlt.recipe.shape import ShapeOf
from adapterxlt.recipe.steps import PART_KEYS, Step
from adapterxlt.recipe.task_data import ALL, TaskData, default_split
from adapterxlt.recipe.used import data_parts, shot_seed_of
from adapterxlt.stages.measuring import check_length
from adapterxlt.stages.training.checks import (
    check_training,
    refuse_missing_lm_head,
    refuse_shots_from_dev,
)
from adapterxlt.stages.training.small import least, one_epoch
from adapterxlt.tasks.catalogue import Task, get_task
from adapterxlt.tasks.data_hash import scored_by
from adapterxlt.tasks.find import available_languages, find

T = TypeVar("T", bound=TrainingStage)

_NEUTRAL = ("checkpoint_every", "devices")
_CHOICE = ("keep", "dev_cap")
_SAMPLING = ("sampling", "sampling_cap", "temperature")


class TrainingKind(StageKind[T]):
    """A stage that trains a model, on one task or several mixed."""

    makes_model = True
    kept = True
    trains = True

    def method(self, stage: T) -> str:
        """The method that its learning rate and epochs are the defaults of."""
        raise NotImplementedError

    def check(self, draft: Draft, name: str, stage: T, shape_of: ShapeOf) -> None:
        check_training(draft, name, stage)

    def check_backbone(
        self, draft: Draft, name: str, stage: T, shape_of: ShapeOf, backbone: Backbone
    ) -> None:
        at: KeyPath = ("stages", name)
        key = (*at, "max_length")
        if key not in draft.places and ("training", "max_length") in draft.places:
            key = ("training", "max_length")
        check_length(draft, key, draft.recipe.training_of(name).max_length, backbone)
        for index, data in enumerate(stage.train):
            key = (*at, "train", index, "max_length")
            check_length(draft, key, data.max_length or 0, backbone)
        if self.method(stage) != "head":
            refuse_missing_lm_head(draft, name, stage, backbone)

    def step(self, scene: Scene, name: str, stage: T, more: Mapping[str, object]) -> Step:
        """The one step of a stage, with what only its kind says."""
        method = self.method(stage)
        settings = scene.recipe.training_of(name).resolved(method)
        # Of settings that came later, what changes nothing is left out: addresses stay.
        choice = () if settings.keep == "best" else _CHOICE
        params: dict[str, object] = settings.model_dump(
            exclude={*_NEUTRAL, *PART_KEYS, *_SAMPLING, *choice}
        )
        neutral = {key: getattr(settings, key) for key in _NEUTRAL}
        parts = scene.recipe.parts_of(name, scene.roots)
        refuse_shots_from_dev(scene, name, parts, settings)
        if len(parts) == 1:
            params |= parts[0].said()
        else:
            params |= {"tasks": [part.said() for part in parts], "sampling": settings.sampling}
            if settings.max_steps is None:  # once, small tasks had no steps for half-full batches
                params["epoch"] = "steps of each task"
            if any(part.weight for part in parts):  # once, they were chances of each step
                params["shares"] = "exact"
            if settings.sampling in ("capped", "temperature"):
                params["sampling_cap"] = settings.sampling_cap
            if settings.sampling == "temperature":
                params["temperature"] = settings.temperature
        params["method"] = without_added(method)
        parsed = parse_method(method) if method != "fusion" else None
        if parsed is not None and parsed.is_full and not parsed.is_head:
            params.pop("frozen_dropout")
        return Step(name, self.key, name, self.inputs(stage), {**params, **more}, neutral)

    def trained(self, scene: Scene, name: str, stage: T) -> Trained:
        settings = scene.recipe.training_of(name)
        parts = scene.recipe.parts_of(name, scene.roots)
        return Trained(
            lengths={part.task: part.max_length for part in parts},
            doc_stride=settings.doc_stride,
            seed=settings.seed,
            caps=[(part.task, part.cap) for part in parts],
            shot_seed=shot_seed_of([part.said() for part in parts], settings.seed),
        )

    def languages(self, scene: Scene, name: str, stage: T) -> set[str]:
        parts = scene.recipe.parts_of(name, scene.roots)
        return {
            part.language
            for part in parts
            if not get_kind(scene.recipe.catalogue[part.task].kind).any_text
        }

    def reads(self, step: Step, tasks: Mapping[str, Task]) -> Iterator[Read]:
        for part in step.parts():
            yield Read(tasks[part.read], [part.language], part.split)
        for part in step.dev_parts():
            task = tasks[part.task]
            yield Read(task, [part.language], part.split, scored_by(task))

    def in_small(
        self, recipe: Recipe, name: str, stage: T, count: int, roots: Sequence[Path]
    ) -> Small[T]:
        settings = recipe.training_of(name)
        tasks = [_in_small(recipe, name, data, count, roots) for data in stage.train]
        changes: dict[str, object] = {
            "train": tasks,
            "dev_cap": least(count, settings.dev_cap),
            **one_epoch(settings, sum(_amount_of(recipe, data, settings) for data in tasks)),
        }
        chosen = settings.keep != "best" or _can_choose(recipe, settings.language, tasks, roots)
        if not chosen:
            changes["keep"] = "last"
        return Small(
            stage.model_copy(update=changes),
            from_dev=[
                new.task
                for new, old in zip(tasks, stage.train, strict=True)
                if new.split != _split(recipe, old, settings)
            ],
            keeps_last=not chosen,
        )


def heads_of(stage: TrainingStage) -> tuple[tuple[str, ...]]:
    """One head a task, however many languages it is trained in."""
    return (tuple(dict.fromkeys(data.task for data in stage.train)),)


def told(params: Mapping[str, object]) -> tuple[str, str]:
    """What a lineage says of the data of a step: its tasks, and how much of them, how chosen."""
    cap = f", {params['cap']} examples" if params.get("cap") else ""
    cap += f", {params['sampling']}" if "sampling" in params else ""
    if params.get("keep") == "best":
        cap += ", best epoch on dev" + (f"[{params['dev_cap']}]" if params["dev_cap"] else "")
    return _tasks(params), cap


def _tasks(params: Mapping[str, object]) -> str:
    """The task, or the tasks of a mixture: `mnli + squad[2000] + panx[10 shots](sw)`."""
    mixed = isinstance(params.get("tasks"), list)
    items: dict[tuple[str, str], list[str]] = {}
    weights: dict[tuple[str, str], float] = {}
    for part in data_parts(params):
        key = str(part.get("task")), _amount(part, part.get("cap") if mixed else None)
        items.setdefault(key, []).append(str(part.get("language", "en")))
        weight = part.get("weight")
        weights[key] = weights.get(key, 0.0) + (weight if isinstance(weight, float) else 0.0)
    return " + ".join(
        task
        + amount
        + ("" if spoken == ["en"] else f"({', '.join(spoken)})")
        + (f" {weights[task, amount]:.3g} of steps" if weights[task, amount] else "")
        for (task, amount), spoken in items.items()
    )


def _amount(part: Mapping[str, object], cap: object) -> str:
    """How much of a task: `[2000]`, `[10 shots of seed 3]`, or nothing for all of it."""
    shots, seed = part.get("shots"), part.get("shot_seed")
    few = f"{shots} shots" + ("" if seed is None else f" of seed {seed}")
    said = [
        *(["translated"] if part.get("translated") else []),
        *([few] if shots else [str(cap)] if cap else []),
    ]
    return f"[{', '.join(said)}]" if said else ""


def _in_small(
    recipe: Recipe, name: str, data: TaskData, count: int, roots: Sequence[Path]
) -> TaskData:
    """One of the tasks of a stage: capped, on dev if there are no files of its split."""
    settings = recipe.training_of(name)
    split = _split(recipe, data, settings)
    languages = data.translated or data.language or settings.language
    task = get_task(data.task, recipe.catalogue)
    if data.translated and task.translated:
        task = get_task(task.translated, recipe.catalogue)
    if not _there(task, languages, split, roots) and _there(task, languages, "dev", roots):
        split = "dev"
    if data.shots:
        return data.model_copy(update={"split": split, "shots": min(count, data.shots)})
    cap = least(count, data.cap or settings.cap)
    return data.model_copy(update={"split": split, "cap": cap})


def _amount_of(recipe: Recipe, data: TaskData, settings: Training) -> int:
    """The number of examples of one of the tasks of a trial, at most."""
    languages = data.translated or data.language or settings.language
    classes = len(get_task(data.task, recipe.catalogue).labels or ()) or 1
    return len(languages) * ((data.shots or 0) * classes or data.cap or 0)


def _split(recipe: Recipe, data: TaskData, settings: Training) -> Split:
    """The split that one of the tasks of a stage is trained on, in its first language."""
    languages = data.language or settings.language
    task = get_task(data.task, recipe.catalogue)
    few = data.shots is not None
    return data.split or default_split(task, languages[0], settings.split, few=few)


def _can_choose(
    recipe: Recipe,
    languages: Sequence[str],
    tasks: Sequence[TaskData],
    roots: Sequence[Path],
) -> bool:
    """Whether every task has a dev split that it is not trained on."""
    return all(
        data.split != "dev"
        and _there(recipe.catalogue[data.task], data.language or languages, "dev", roots)
        for data in tasks
    )


def _there(task: Task, languages: Sequence[str], split: str, roots: Sequence[Path]) -> bool:
    try:
        if languages == [ALL]:
            return bool(available_languages(task, roots, split))
        for language in languages:
            find(task, roots, language, split)
    except (MissingDataError, UsageError):  # no files; no such split
        return False
    return True
