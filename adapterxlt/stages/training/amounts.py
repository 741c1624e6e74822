"""Checks how much of each task a stage trains on: shots, and shares of the steps."""

from __future__ import annotations

from collections.abc import Sequence

from adapterxlt.documents.nodes import KeyPath
from adapterxlt.kinds.registry import get_kind
from adapterxlt.recipe.draft import Draft
from adapterxlt.recipe.schema import TrainingStage
from adapterxlt.recipe.task_data import TaskData

_LEAST = 1e-9  # what sums of shares may be off by


def check_amounts(draft: Draft, at: KeyPath, stage: TrainingStage) -> None:
    """Add what is wrong with the shots and the shares of a stage."""
    for index, data in enumerate(stage.train):
        _check_translated(draft, at, index, data)
        if not any(draft.is_lost((*at, "train", index, key)) for key in ("shots", "cap")):
            _check_shots(draft, at, index, data)
    if stage.cap and all(data.shots for data in stage.train):
        draft.refuse((*at, "cap"), "the stage trains on shots only, so `cap` has no effect")
    if draft.knows(at, "train"):
        _check_weights(draft, at, stage.train)
        _check_sampling(draft, at, stage)


def place(draft: Draft, at: KeyPath, index: int, key: str) -> KeyPath:
    """Where a setting of an item of `train` was written: in a list, or alone."""
    inside = (*at, "train", index, key)
    return inside if inside in draft.places else (*at, "train", key)


def _check_shots(draft: Draft, at: KeyPath, index: int, data: TaskData) -> None:
    if data.shots is None:
        if data.shot_seed is not None:
            draft.refuse(
                place(draft, at, index, "shot_seed"),
                "has no effect without `shots`",
                "for example shots: 10",
            )
        return
    if data.cap is not None:
        draft.refuse(
            place(draft, at, index, "cap"),
            "`shots` already sets the number of examples",
            "leave out one of them",
        )
    task = draft.tasks.get(data.task)
    if task is not None and task.multi_label and get_kind(task.kind).class_of is not None:
        draft.refuse(
            place(draft, at, index, "shots"),
            f"examples of `{task.name}` have several labels, so shots per class are not defined",
            f"`cap: {data.shots}` takes this number of examples in total",
        )


def _check_translated(draft: Draft, at: KeyPath, index: int, data: TaskData) -> None:
    task = draft.tasks.get(data.task)
    if data.translated is None or task is None:
        return
    if data.language is not None:
        draft.refuse(
            place(draft, at, index, "language"),
            "`translated` already sets the languages of the data",
            f"leave out `language`, and list the original as another item: `train: [{data.task}, "
            f"{{task: {data.task}, translated: de}}]`",
        )
    if task.translated is None or task.translated not in draft.tasks:
        there = [name for name, one in draft.tasks.items() if one.translated in draft.tasks]
        draft.refuse(
            place(draft, at, index, "translated"),
            f"`{data.task}` has no translated training data",
            f"there are some of {', '.join(there)}" if there else None,
        )


def _check_weights(draft: Draft, at: KeyPath, items: Sequence[TaskData]) -> None:
    """Whether shares of the steps leave something for the tasks that have none."""
    weighed = [index for index, data in enumerate(items) if data.weight is not None]
    if not weighed:
        return
    path = place(draft, at, weighed[-1], "weight")
    total = sum(items[index].weight or 0.0 for index in weighed)
    if len(items) == 1:
        draft.refuse(
            path,
            "the stage trains on one task, which gets all steps",
            "list another task, as in `train: [mnli, {task: mlm, language: sw, weight: 0.1}]`",
        )
    elif len(weighed) < len(items) and total >= 1 - _LEAST:
        draft.refuse(
            path,
            f"the weights add up to {total:g}, so no steps are left for the tasks without a weight",
            "weights are shares of the steps",
        )
    elif len(weighed) == len(items) and abs(total - 1) > _LEAST:
        draft.refuse(
            path,
            f"the weights add up to {total:g}, but they must add up to 1",
            "leave out the weight of one task, and it gets the rest",
        )


def _check_sampling(draft: Draft, at: KeyPath, stage: TrainingStage) -> None:
    """Whether there is something left for the sampling to choose from."""
    free = [data for data in stage.train if data.weight is None]
    if len(free) == len(stage.train) or len(free) > 1:
        return
    if len(free) == 1 and len(free[0].language or stage.language) > 1:
        return
    for key in ("sampling", "sampling_cap", "temperature"):
        if key in stage.model_fields_set:
            draft.refuse(
                (*at, key), "the weights already set how often each task is drawn", "leave it out"
            )
