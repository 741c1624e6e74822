"""Checks the keys of stages that train: tasks, splits, languages, windows, sampling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adapterxlt.backbones.backbone import Backbone
from adapterxlt.documents.nodes import KeyPath
from adapterxlt.errors import InvalidRecipeError, Problem
from adapterxlt.kinds.registry import get_kind
from adapterxlt.languages import suggest_language
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.kind import Scene
from adapterxlt.recipe.schema import Training, TrainingStage
from adapterxlt.recipe.task_data import Part, TaskData
from adapterxlt.stages.training.amounts import check_amounts, place
from adapterxlt.suggest import suggest
from adapterxlt.tasks.catalogue import Task
from adapterxlt.tasks.presets import presets, why_not
from adapterxlt.tasks.task_languages import may_be_in

# Settings that a problem with a setting may be due to as well.
_NEEDED = {
    "doc_stride": ("doc_stride", "max_length"),
    "split": ("split", "keep"),
    "keep": ("keep", "split"),
}


def check_training(draft: Draft, name: str, stage: TrainingStage) -> None:
    """Add what is wrong with what a stage trains on."""
    at: KeyPath = ("stages", name)
    settings = draft.recipe.training_of(name)
    sound = {
        index
        for index, data in enumerate(stage.train)
        if _is_trainable(draft, _task_path(draft, at, index), data.task)
    }
    _check_preset(draft, at, stage, sound)
    _check_sampling(draft, at, stage, settings)
    _check_dev_cap(draft, at, stage, settings)
    check_amounts(draft, at, stage)
    told: set[tuple[KeyPath, str]] = set()
    seen: set[Part] = set()
    for index, data, part in _parts(draft, name, stage):
        if index not in sound:
            continue
        task = draft.tasks[part.task]
        if part in seen and not any(path[: len(at) + 1] == (*at, "train") for path in draft.lost):
            draft.refuse((*at, "train", index), f"`{part.task}` is listed twice")
        seen.add(part)
        for key, message, hint in _misfits(draft, task, part, settings):
            needed = _NEEDED.get(key, (key,))
            if not (draft.knows(at, *needed) and draft.knows((*at, "train", index), *needed)):
                continue
            path = _setting(draft, at, key, index if getattr(data, key, None) else None)
            if (path, message) not in told:  # a setting of the stage concerns all its tasks
                told.add((path, message))
                draft.refuse(path, message, hint)


def refuse_missing_lm_head(
    draft: Draft, name: str, stage: TrainingStage, backbone: Backbone
) -> None:
    """Refuse masked language modelling with a checkpoint that was saved without its head."""
    if backbone.lm_head:
        return
    at: KeyPath = ("stages", name)
    for index, data in enumerate(stage.train):
        task = draft.tasks.get(data.task)
        if task is None or not get_kind(task.kind).tied_head:
            continue
        draft.refuse(
            _task_path(draft, at, index),
            f"backbone `{backbone.name}` was saved without its head for masked language modelling, "
            f"which `{data.task}` needs",
            f"train a head for it first: {{train: {{task: {data.task}, language: [...]}}, method: "
            "head}; then run `adapterxlt artifact export RUNS:STAGE --to transformers --out "
            "FOLDER`, and use FOLDER as the backbone",
        )


def _check_preset(draft: Draft, at: KeyPath, stage: TrainingStage, sound: set[int]) -> None:
    """Whether there is such a preset, and it says one thing of all that a stage trains on."""
    for path, block in ((("training", "preset"), draft.recipe.training), ((*at, "preset"), stage)):
        if block.preset is None or draft.is_lost(path):
            continue
        preset = presets().get(block.preset)
        if preset is None:
            hint = suggest(block.preset, presets(), see="adapterxlt list presets")
            draft.refuse(path, f"there is no training preset `{block.preset}`", hint)
            continue
        if block is not stage and stage.preset is not None:
            continue
        if len(sound) == len(stage.train) and draft.knows(at, "train"):
            problem = why_not(preset, [data.task for data in stage.train], draft.tasks)
            if problem:
                draft.refuse(path if block is stage else (*at, "train"), *problem)


def _parts(draft: Draft, name: str, stage: TrainingStage) -> Iterator[tuple[int, TaskData, Part]]:
    """The parts, each with the item of `train` that it comes from."""
    items = draft.recipe.parts_by_item(name)
    for index, (data, parts) in enumerate(zip(stage.train, items, strict=True)):
        for part in parts:
            yield index, data, part


def _setting(draft: Draft, at: KeyPath, key: str, index: int | None = None) -> KeyPath:
    """Where a setting was written: with a task of `train`, in the stage, or in `training`."""
    if index is not None:
        return place(draft, at, index, key)
    here, default = (*at, key), ("training", key)
    return default if here not in draft.places and default in draft.places else here


def _task_path(draft: Draft, at: KeyPath, index: int) -> KeyPath:
    """Where an item of `train` names its task: alone, in a list, or in a mapping."""
    for path in ((*at, "train", index, "task"), (*at, "train", index), (*at, "train", "task")):
        if path in draft.places:
            return path
    return (*at, "train")


def _is_trainable(draft: Draft, path: KeyPath, name: str) -> bool:
    task = draft.task(path, name)
    if task is None:
        return False
    if not get_kind(task.kind).trainable:
        draft.refuse(
            path,
            f"`{name}` is {get_kind(task.kind).words}, which has no training data",
            f"use `retrieve: [...]` with `on: {name}` to measure models on it",
        )
        return False
    return True


def _misfits(
    draft: Draft, task: Task, part: Part, settings: Training
) -> Iterator[tuple[str, str, str | None]]:
    """What a task has not got, or cannot do: the setting, a message, a hint."""
    read = draft.tasks.get(part.read, task)
    source = _source(draft, read, part.split)
    if source is None:
        yield (
            "split",
            f"`{read.name}` has no split `{part.split}`",
            "it has " + ", ".join(read.splits),
        )
    elif not may_be_in(source, part.language):
        of = f"`{read.name}`"
        if source is not read:
            of += f", which is trained on `{source.name}`,"
        in_dev = not part.translated and "dev" in task.splits and may_be_in(task, part.language)
        yield (
            "translated" if part.translated else "language",
            f"{of} has no language `{part.language}`",
            "`split: dev` has this language"
            if source is not task and in_dev
            else suggest_language(part.language, source.languages),
        )
    if settings.keep == "best":
        yield from _unfit_dev(task, part.split)
    if get_kind(task.kind).spans and settings.doc_stride >= part.max_length - 16:
        yield (
            "doc_stride",
            f"windows of {part.max_length} subwords cannot overlap by {settings.doc_stride}",
            f"doc_stride must be well below max_length, for example {part.max_length // 3}",
        )


def refuse_shots_from_dev(
    scene: Scene, name: str, parts: Iterable[Part], settings: Training
) -> None:
    """Refuse to choose the best epoch on dev if shots come from it, as the data folders tell.

    Raises:
        InvalidRecipeError: they do.
    """
    if settings.keep != "best":
        return
    problems = [
        Problem(f"stages.{name}.train", f"{message}; there are no training files", hint=hint)
        for part in parts
        if part.shots is not None
        for _, message, hint in _unfit_dev(scene.recipe.catalogue[part.task], part.split)
    ]
    if problems:
        raise InvalidRecipeError(problems)


def _unfit_dev(task: Task, split: str) -> Iterator[tuple[str, str, str | None]]:
    """Why the best epoch cannot be chosen on the task's dev split."""
    if "dev" not in task.splits:
        yield (
            "keep",
            f"`{task.name}` has no dev split to choose the best epoch on",
            "use `keep: last`, which needs no dev split",
        )
    elif split == "dev" or _same_files(task, split):
        yield (
            "split",
            (
                f"with `keep: best`, `{task.name}` cannot be trained on `{split}`, which "
                "chooses the best epoch"
            ),
            "train on another split, or use `keep: last`",
        )


def _same_files(task: Task, split: str) -> bool:
    """Whether a split is kept in the same files as dev (TyDiQA's test is its dev)."""
    both = [layout.files for layout in task.layouts if {split, "dev"} <= set(layout.files)]
    return bool(both) and all(files[split] == files["dev"] for files in both)


def _source(draft: Draft, task: Task, split: str) -> Task | None:
    """The task whose files serve as `split`; as `tasks.catalogue.source_of`."""
    if split in task.splits:
        return task
    return draft.tasks.get(task.train or "") if split == "train" else None


def _check_dev_cap(draft: Draft, at: KeyPath, stage: TrainingStage, settings: Training) -> None:
    if (
        "dev_cap" in stage.model_fields_set
        and settings.keep == "last"
        and draft.knows(at, "keep", "dev_cap")
    ):
        draft.refuse((*at, "dev_cap"), "has no effect with `keep: last`")


def _check_sampling(draft: Draft, at: KeyPath, stage: TrainingStage, settings: Training) -> None:
    """Whether the numbers that a sampling needs are given, and no others."""
    if not draft.knows(at, "train", "language", "sampling"):
        return
    if len(stage.train) * len(settings.language) == 1 and not stage.train[0].language:
        for key in ("sampling", "sampling_cap", "temperature"):
            if key in stage.model_fields_set:
                draft.refuse(
                    (*at, key),
                    "the stage trains on one task, so there is nothing to sample from",
                    "list several tasks, as in `train: [mnli, squad]`",
                )
        return
    for sampling, key, example in (
        ("capped", "sampling_cap", ("it limits how many training inputs of a task count, for "
                                    "example 131072")),
        ("temperature", "temperature", "for example 2"),
    ):  # fmt: skip
        if (
            settings.sampling == sampling
            and getattr(settings, key) is None
            and draft.knows(at, key)
        ):
            draft.refuse(_setting(draft, at, "sampling"), f"needs `{key}`", example)
    unused = {
        "sampling_cap": settings.sampling not in ("capped", "temperature"),
        "temperature": settings.sampling != "temperature",
    }
    for key, useless in unused.items():
        if useless and key in stage.model_fields_set:
            draft.refuse((*at, key), f"has no effect with `sampling: {settings.sampling}`")
